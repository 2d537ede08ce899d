"""The event loop of the program's own asyncio code. The roles and the client have native loops of their own."""

from __future__ import annotations

import asyncio
import enum
from typing import Set


class EventLoopType(enum.Enum):
    builtin = enum.auto()
    uvloop = enum.auto()

    @staticmethod
    def allowed_types() -> Set[str]:
        return {one.name for one in EventLoopType}


def register_event_loop(event_loop_type: str) -> None:
    """"builtin" changes nothing; "uvloop" makes it asyncio's policy, and needs the package."""
    if event_loop_type not in EventLoopType.allowed_types():
        allowed = ", ".join(sorted(EventLoopType.allowed_types()))
        raise TypeError(f"unknown event loop {event_loop_type!r} (one of {allowed})")
    if event_loop_type == EventLoopType.uvloop.name:
        try:
            import uvloop  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise ImportError("the event loop uvloop needs its package: pip install uvloop") from None
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
