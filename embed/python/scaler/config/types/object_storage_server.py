"""The address of an object storage server."""

from __future__ import annotations

import dataclasses

from scaler.config.types.address import AddressConfig, SocketType


@dataclasses.dataclass
class ObjectStorageAddressConfig:
    """Always tcp. `identity` is what the server calls itself."""

    host: str
    port: int
    identity: str = "ObjectStorageServer"

    def __post_init__(self) -> None:
        if not isinstance(self.host, str) or not self.host:
            raise TypeError(f"the host of an address is text, not {self.host!r}")
        if not isinstance(self.port, int) or isinstance(self.port, bool):
            raise TypeError(f"the port of an address is an integer, not {self.port!r}")
        if not isinstance(self.identity, str):
            raise TypeError(f"an identity is text, not {self.identity!r}")

    @classmethod
    def from_string(cls, value: str) -> ObjectStorageAddressConfig:
        address = AddressConfig.from_string(value)
        if address.type is not SocketType.tcp or address.port is None:
            raise ValueError(f"{value!r}: object storage is reached by tcp://HOST:PORT")
        return cls(address.host, address.port)

    def to_string(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    def to_address(self) -> str:
        return self.to_string()

    def __str__(self) -> str:
        return self.to_string()


ObjectStorageConfig = ObjectStorageAddressConfig  # its name in releases up to 1.12
