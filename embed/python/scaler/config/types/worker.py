"""What workers are called and what they offer."""

from __future__ import annotations

import dataclasses
from typing import Dict, List


@dataclasses.dataclass
class WorkerCapabilities:
    """Name to amount; an amount of -1 means that there is no limit."""

    capabilities: Dict[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_string(cls, value: str) -> WorkerCapabilities:
        """From text such as "linux,cpu=4"."""
        capabilities: Dict[str, int] = {}
        for item in filter(None, (item.strip() for item in value.split(","))):
            name, equals, amount = (part.strip() for part in item.partition("="))
            if not name:
                raise ValueError(f"a capability needs a name: {item!r}")
            try:
                capabilities[name] = int(amount) if equals else -1
            except ValueError:
                raise ValueError(f"the amount of capability {name!r} is an integer, not {amount!r}") from None
        return cls(capabilities)

    def __str__(self) -> str:
        items = (name if amount == -1 else f"{name}={amount}" for name, amount in self.capabilities.items())
        return ",".join(items)


@dataclasses.dataclass
class WorkerNames:
    names: List[str] = dataclasses.field(default_factory=list)

    @classmethod
    def from_string(cls, value: str) -> WorkerNames:
        return cls([name.strip() for name in value.split(",")] if value else [])

    def __str__(self) -> str:
        return ",".join(self.names) or "<empty>"

    def __len__(self) -> int:
        return len(self.names)
