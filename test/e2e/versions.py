"""What differs between the releases of the client that the tests run with."""

import importlib.util

import scaler

OURS = importlib.util.find_spec("scaler._native") is not None  # our own package, which does as the peer's 2.0.9
RELEASE = "2.0.9" if OURS else scaler.__version__.strip()
CLIENT = tuple(int(part) for part in RELEASE.split(".")[:2])


def map_with(client, function, *iterables):
    """client.map over one iterable per argument; before 2.0 it took one list of argument tuples."""
    if CLIENT < (2, 0):
        return client.map(function, list(zip(*iterables)))
    return client.map(function, *iterables)
