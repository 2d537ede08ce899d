"""The serializer of clients that name none."""

import pickle
import sys
from typing import Any

from scaler.client.serializer.mixins import Serializer

_CODE_IS_NAMED_WITHIN = 4096  # bytes: what holds code by value says so early
_MADE_BY = b"scaler: made by Python %d.%d" % sys.version_info[:2]
# A text that whoever reads the pickle drops again; our workers look at it, since code by value runs on no other version.
STAMP = b"\x8c%c%s0" % (len(_MADE_BY), _MADE_BY)
_HEAD = 2  # bytes: the protocol


class DefaultSerializer(Serializer):
    """Pickles whatever cloudpickle can: also functions and classes of the user's script, by value."""

    @staticmethod
    def serialize(obj: Any) -> bytes:
        import cloudpickle  # late: it takes longer than all the rest of this package

        payload: bytes = cloudpickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        if payload.find(b"CodeType", 0, _CODE_IS_NAMED_WITHIN) < 0:
            return payload
        return payload[:_HEAD] + STAMP + payload[_HEAD:]

    @staticmethod
    def deserialize(payload: bytes) -> Any:
        return pickle.loads(payload)
