"""What travels with a task besides its function and arguments."""

from __future__ import annotations

import dataclasses
import struct

_LAYOUT = struct.Struct("!?i?")


@dataclasses.dataclass
class TaskFlags:
    profiling: bool = True
    priority: int = 0  # that of the task that submitted it, plus one
    stream_output: bool = False

    FORMAT = _LAYOUT.format  # not annotated: no field

    def serialize(self) -> bytes:
        return _LAYOUT.pack(self.profiling, self.priority, self.stream_output)

    @staticmethod
    def deserialize(data: bytes) -> TaskFlags:
        try:
            return TaskFlags(*_LAYOUT.unpack(data))
        except struct.error:
            raise ValueError(f"TaskFlags have {_LAYOUT.size} bytes, not {len(data)}") from None
