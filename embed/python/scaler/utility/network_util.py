"""Ports."""

from __future__ import annotations

import socket


def get_available_tcp_port(hostname: str = "127.0.0.1") -> int:
    """A port nobody listens on now; somebody may before you do."""
    host = hostname.strip("[]")  # of IPv6
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise OSError(error.errno, f"no port of {hostname} can be had: {error.strerror}") from None
        return int(probe.getsockname()[1])
