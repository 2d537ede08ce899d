"""Where log lines go."""

from __future__ import annotations

import dataclasses
from typing import Optional, Tuple

from scaler.config import defaults


@dataclasses.dataclass
class LoggingConfig:
    paths: Tuple[str, ...] = defaults.DEFAULT_LOGGING_PATHS
    config_file: Optional[str] = None  # in Python's .conf format; wins over the other two
    level: str = defaults.DEFAULT_LOGGING_LEVEL
