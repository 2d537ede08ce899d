"""The serializer of clients that name none."""

import pickle
from typing import Any

from scaler.client.serializer.mixins import Serializer


class DefaultSerializer(Serializer):
    """Pickles whatever cloudpickle can: also functions and classes of the user's script, by value."""

    @staticmethod
    def serialize(obj: Any) -> bytes:
        import cloudpickle  # late: it takes longer than all the rest of this package

        return bytes(cloudpickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL))

    @staticmethod
    def deserialize(payload: bytes) -> Any:
        return pickle.loads(payload)
