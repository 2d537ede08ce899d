"""A name for an object that a client has already sent."""

import dataclasses

from scaler.utility.identifiers import ObjectID


@dataclasses.dataclass(eq=False, repr=False)
class ObjectReference:
    """Valid as a direct argument of the client that made it; inside a container it reaches the task as it is.

    >>> reference = client.send_object([1, 2, 3])  # doctest: +SKIP
    >>> client.submit(sum, reference).result()  # doctest: +SKIP
    6
    """

    name: bytes
    size: int  # bytes of the serialized object
    object_id: ObjectID

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ObjectReference):
            return NotImplemented
        return self.object_id == other.object_id

    def __hash__(self) -> int:
        return hash(self.object_id)

    def __repr__(self) -> str:
        return f"ObjectReference(name={self.name!r}, size={self.size} bytes, id={self.object_id!r})"
