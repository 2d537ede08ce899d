"""The interface that user-defined serializers derive from."""

import abc
from typing import Any


class Serializer(abc.ABC):
    """How functions, arguments and results become bytes. An instance travels to the workers, pickled; exceptions do not
    pass through it. What it raises is the call's failure.

    >>> class Plain(Serializer):
    ...     serialize = staticmethod(pickle.dumps)
    ...     deserialize = staticmethod(pickle.loads)
    >>> Client(address="tcp://127.0.0.1:2345", serializer=Plain())  # doctest: +SKIP
    """

    @staticmethod
    @abc.abstractmethod
    def serialize(obj: Any) -> bytes:
        """The bytes of one object."""

    @staticmethod
    @abc.abstractmethod
    def deserialize(payload: bytes) -> Any:
        """The object again."""
