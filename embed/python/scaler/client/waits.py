"""Says, once, that nobody can run what a client waits for."""

import json
import logging
import sys
from typing import Set, Tuple

_logger = logging.getLogger("scaler.client")
_MOST_REASONS = 10  # of one client


class Waits:
    """What one client was told about tasks that had not ended after ten seconds or more."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._told: Set[str] = set()

    def explain(self, answer: Tuple[str, int]) -> None:
        """`answer`: what the scheduler says of one task, as `scaler why --json`, and how many have not ended."""
        text, count = answer
        try:
            why = json.loads(text)
            if why["state"] != "waiting" or why["workers_suitable"] > 0:
                return  # somebody has it, or will take it
            reason, missing, task = str(why["because"][0]), ", ".join(why["missing"]), str(why["id"])
        except (ValueError, LookupError, TypeError):  # another release's words
            return
        kind = missing or reason.split(" (")[0]  # without a number of workers
        if kind in self._told or len(self._told) == _MOST_REASONS:
            return
        self._told.add(kind)
        _logger.warning(
            "%s: %s, and a task has waited for one for 10 seconds or more (not done: %d). %s See also: scaler why %s %s",
            self._address,
            reason,
            count,
            self._hint(),
            task,
            self._address,
        )

    def _hint(self) -> str:
        """The cluster may be one that this program started."""
        combo = sys.modules.get("scaler.cluster.combo")
        end = None if combo is None else combo.end_of_workers(self._address)
        if end is None:
            return "It waits on, until there is one."
        return f"The manager of this cluster's workers has ended ({end}), and its log says why: there will be none."
