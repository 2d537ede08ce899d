"""The interface that user-defined serializers derive from."""

import abc
from typing import Any


class Serializer(abc.ABC):
    """How functions, arguments and results become bytes. An instance travels to the workers, pickled."""

    @staticmethod
    @abc.abstractmethod
    def serialize(obj: Any) -> bytes:
        """The bytes of one object."""

    @staticmethod
    @abc.abstractmethod
    def deserialize(payload: bytes) -> Any:
        """The object again."""
