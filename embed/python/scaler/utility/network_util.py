"""Ports."""

from __future__ import annotations

import socket


def get_available_tcp_port(hostname: str = "127.0.0.1") -> int:
    """A port nobody listens on now; somebody may before you do."""
    with socket.socket() as probe:
        probe.bind((hostname, 0))
        return int(probe.getsockname()[1])
