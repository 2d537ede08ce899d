"""Which transport a program asked for; every role of ours understands both."""

from __future__ import annotations

import enum


class NetworkBackend(enum.Enum):
    tcp_zmq = enum.auto()
    ymq = enum.auto()


NetworkBackendType = NetworkBackend
