"""What a worker measured while a task ran."""

from __future__ import annotations

import dataclasses
import struct

_LAYOUT = struct.Struct("!fQf")


@dataclasses.dataclass
class ProfileResult:
    duration_s: float = 0.0
    memory_peak: int = 0  # bytes by which the processor grew
    cpu_time_s: float = 0.0

    FORMAT = _LAYOUT.format  # not annotated: no field

    def serialize(self) -> bytes:
        return _LAYOUT.pack(self.duration_s, self.memory_peak, self.cpu_time_s)

    @staticmethod
    def deserialize(data: bytes) -> ProfileResult:
        try:
            return ProfileResult(*_LAYOUT.unpack(data))
        except struct.error:
            raise ValueError(f"a ProfileResult has {_LAYOUT.size} bytes, not {len(data)}") from None
