"""Reads a scheduler's status feed with the peer's own decoder, whose names changed their spelling between releases."""

import zmq
from scaler.io.utility import deserialize


def field(message, name):
    """A field by its name with underscores, from a release that spells it so or with humps."""
    if hasattr(message, name):
        return getattr(message, name)
    head, *rest = name.split("_")
    return getattr(message, head + "".join(part.capitalize() for part in rest))


def counts(pairs):
    """Messages by kind, from a dictionary or from a list of pairs."""
    return dict(pairs) if isinstance(pairs, dict) else {pair.client: pair.number for pair in pairs}


class Feed:
    def __init__(self, address, limit_ms=20_000):
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.connect(address)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._socket.setsockopt(zmq.RCVTIMEO, limit_ms)

    def next_of(self, kind):
        """The next message of a kind, by the name of its class."""
        while True:
            message = deserialize(self._socket.recv())
            if message is None:
                raise AssertionError("the peer cannot decode a message of the feed")
            if type(message).__name__.lstrip("_") == kind:
                return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close(linger=0)
