"""The scheduler, to be run by a process that does nothing else."""

from __future__ import annotations

import os
from typing import NoReturn

from scaler.config.section.scheduler import SchedulerConfig


class Scheduler:
    """A native program stands behind it: run() turns this process into that program."""

    def __init__(self, config: SchedulerConfig) -> None:
        self._config = config

    def run(self) -> NoReturn:
        """Serves until SIGTERM or SIGINT. Does not return: the process is replaced."""
        from scaler.cluster.program import find_program
        from scaler.cluster.words import scheduler_words

        program = find_program()
        os.execv(program, ["scaler", *scheduler_words(self._config)])
