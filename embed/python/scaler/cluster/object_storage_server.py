"""An object storage server as a child process."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from scaler.cluster.program import RoleProcess
from scaler.cluster.words import storage_words
from scaler.config.common.logging import LoggingConfig
from scaler.config.common.security import SecurityConfig
from scaler.config.defaults import DEFAULT_LOGGING_LEVEL, DEFAULT_LOGGING_PATHS


class ObjectStorageServerProcess(RoleProcess):
    """start() it, then wait_until_ready(): 30 seconds, then TimeoutError."""

    def __init__(
        self,
        bind_address: Any,  # text, an ObjectStorageAddressConfig or an AddressConfig
        logging_paths: Tuple[str, ...] = DEFAULT_LOGGING_PATHS,
        logging_level: str = DEFAULT_LOGGING_LEVEL,
        logging_config_file: Optional[str] = None,
        security_config: Optional[SecurityConfig] = None,
    ) -> None:
        self._bind_address = bind_address
        self._logging_paths = logging_paths
        self._logging_level = logging_level
        self._logging_config_file = logging_config_file
        logging = LoggingConfig(logging_paths, logging_config_file, logging_level)
        super().__init__("ObjectStorageServer", storage_words(bind_address, logging, security_config))
