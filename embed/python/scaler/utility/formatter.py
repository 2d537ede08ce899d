"""Numbers as the screens show them."""

from __future__ import annotations

from typing import Union

Number = Union[int, float]


def format_bytes(number: Number) -> str:
    """512 -> "512B", 2048 -> "2K", 3 * 2**30 -> "3.0G"."""
    value = float(number)
    for unit in ("B", "K"):
        if value < 1024:
            return f"{int(value)}{unit}"
        value /= 1024
    for unit in ("M", "G"):
        if value < 1024:
            return f"{value:.1f}{unit}"
        value /= 1024
    return f"{value:.1f}T"


def format_integer(number: int) -> str:
    return f"{number:,}"


def format_percentage(number: int) -> str:
    """From thousandths: 125 -> "12.5%"."""
    return f"{number / 1000:.1%}"


def format_microseconds(number: int) -> str:
    """500 -> "0.5ms", 1500 -> "1ms", 2500000 -> "2s"."""
    if number < 1000:
        return f"{number / 1000:.1f}ms"
    milliseconds = number // 1000
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    seconds = milliseconds // 1000
    return f"{seconds}s" if seconds <= 1000 else f"{seconds}+s"


def format_seconds(number: int) -> str:
    return "60+s" if number > 60 else f"{number}s"
