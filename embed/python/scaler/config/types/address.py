"""Addresses such as tcp://127.0.0.1:6378."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Optional, Set, Tuple, Type, TypeVar

Self = TypeVar("Self", bound="AddressConfig")


class SocketType(enum.Enum):
    inproc = "inproc"
    ipc = "ipc"
    tcp = "tcp"
    tls = "tls"
    ws = "ws"
    wss = "wss"

    @staticmethod
    def allowed_types() -> Set[str]:
        return {one.value for one in SocketType}


_WITHOUT_PORT = ("inproc", "ipc")
_WITH_PATH = ("ws", "wss")


@dataclasses.dataclass
class AddressConfig:
    """The parts of an address: `host` is the name or path after the scheme where there is no port."""

    type: Any  # a SocketType; a subclass may allow fewer
    host: str
    port: Optional[int] = None
    path: Optional[str] = None

    # Not annotated, so no field: which schemes this class knows.
    _types = SocketType

    def __post_init__(self) -> None:
        if not isinstance(self.type, self._types):
            raise TypeError(f"not a socket type: {self.type!r} (one of {_listed(self._types)})")
        if not isinstance(self.host, str):
            raise TypeError(f"the host of an address is text, not {self.host!r}")
        has_port = self.type.value not in _WITHOUT_PORT
        if has_port and self.port is None:
            raise ValueError(f"an address of type {self.type.value} needs a port")
        if not has_port and self.port is not None:
            raise ValueError(f"an address of type {self.type.value} has no port")
        if self.port is not None and (not isinstance(self.port, int) or isinstance(self.port, bool)):
            raise TypeError(f"the port of an address is an integer, not {self.port!r}")
        if self.path is not None and self.type.value not in _WITH_PATH:
            raise ValueError(f"an address of type {self.type.value} has no path")

    @classmethod
    def from_string(cls: Type[Self], value: str) -> Self:
        """ValueError, with what is wrong, for anything but an address."""
        scheme, separator, rest = value.partition("://")
        if not separator:
            raise ValueError(f"not an address: {value!r}; it should look like tcp://127.0.0.1:6378")
        try:
            kind = cls._types(scheme)
        except ValueError:
            raise ValueError(f"unknown scheme in {value!r}; supported are {_listed(cls._types)}") from None
        if scheme in _WITHOUT_PORT:
            return cls(kind, rest)
        host, port, path = _split(value, rest)
        if scheme in _WITH_PATH:
            return cls(kind, host, port, "/" + path)
        if path:
            raise ValueError(f"{value!r}: an address of type {scheme} ends with its port")
        return cls(kind, host, port)

    def to_address(self) -> str:
        text = f"{self.type.value}://{self.host}"
        if self.port is not None:
            text += f":{self.port}"
        return text + (self.path or "/" if self.type.value in _WITH_PATH else "")

    def to_string(self) -> str:
        return self.to_address()

    def __str__(self) -> str:
        return self.to_address()

    def __repr__(self) -> str:
        return self.to_address()


def _split(value: str, rest: str) -> Tuple[str, int, str]:
    authority, _, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or not host:
        raise ValueError(f"no port in {value!r}; it should look like tcp://127.0.0.1:6378")
    try:
        number = int(port)
    except ValueError:
        raise ValueError(f"not a port number: {port!r} in {value!r}") from None
    if not 0 < number < 65536:
        raise ValueError(f"not a port number: {port!r} in {value!r} (1 to 65535)")
    return host, number, path


def _listed(types: Type[enum.Enum]) -> str:
    return ", ".join(str(one.value) for one in types)
