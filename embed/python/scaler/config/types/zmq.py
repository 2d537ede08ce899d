"""The address type under its older name."""

from __future__ import annotations

import dataclasses
import enum
from typing import Set

from scaler.config.types.address import AddressConfig


class ZMQType(enum.Enum):
    inproc = "inproc"
    ipc = "ipc"
    tcp = "tcp"

    @staticmethod
    def allowed_types() -> Set[str]:
        return {one.value for one in ZMQType}


@dataclasses.dataclass(repr=False)
class ZMQConfig(AddressConfig):
    _types = ZMQType  # type: ignore[assignment]
