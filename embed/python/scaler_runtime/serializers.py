"""The clients' serializers. The default one is known by name, so that it needs neither its module nor a call more."""

import io
import pickle

_DEFAULT = ("scaler.client.serializer.default", "DefaultSerializer")
_DEFAULT_BYTES_MAX = 128  # it has 72; what is larger is something else
_PLAIN_TYPES = frozenset({type(None), bool, int, float, complex, str, bytes})
_LARGE = 64 * 1024  # characters or bytes from which a copy costs more than the pieces do
_PARTS_MAX = 1000  # a payload in more pieces is joined


class _Sink:
    """The file that a pickler writes to."""

    def __init__(self, write):
        self.write = write


class Parts(list):
    """Buffers that are a payload one after the other, as they lie in the pickled object. The pickler, which holds on to
    whatever it has pickled, lives as long as they do."""

    pickler = None


def pickle_in_parts(make_pickler, obj):
    """`bytes`, or Parts: large buffers are not copied."""
    parts = []
    pickler = make_pickler(_Sink(parts.append), pickle.HIGHEST_PROTOCOL)
    pickler.dump(obj)
    if len(parts) == 1 and type(parts[0]) is bytes:
        return parts[0]
    if len(parts) > _PARTS_MAX:
        return b"".join(parts)
    kept = Parts(parts)
    kept.pickler = pickler
    return kept


class Default:
    """Same bytes and objects as the package's DefaultSerializer, without importing that package."""

    def serialize(self, obj):
        """`bytes` or Parts."""
        if type(obj) not in _PLAIN_TYPES:
            import cloudpickle

            return pickle_in_parts(cloudpickle.CloudPickler, obj)
        if type(obj) in (bytes, str) and len(obj) >= _LARGE:
            return pickle_in_parts(pickle.Pickler, obj)
        return pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)  # nothing that only cloudpickle could do, at a tenth of the time

    def deserialize(self, payload):
        return pickle.loads(payload)


class _Loader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == _DEFAULT:
            return Default
        return super().find_class(module, name)


class Custom:
    """A user's serializer: it gets `bytes`, which is what all of them can read."""

    def __init__(self, serializer):
        self._serializer = serializer
        self.serialize = serializer.serialize

    def deserialize(self, payload):
        return self._serializer.deserialize(payload if type(payload) is bytes else bytes(payload))


class Broken:
    """Stands where a serializer could not be loaded: every task of its client fails with the reason."""

    def __init__(self, error):
        self.error = error


def load(payload):
    if len(payload) <= _DEFAULT_BYTES_MAX:
        loaded = _Loader(io.BytesIO(payload)).load()
        if type(loaded) is Default:
            return loaded
    return Custom(pickle.loads(payload))  # again, with the real classes: it may derive from the default one
