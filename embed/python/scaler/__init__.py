"""What a processor needs of the package `scaler`: the names that pickles of clients refer to.

It is used where no package `scaler` is installed. It has no Client.
"""

from scaler.about import __version__

__all__ = ["__version__", "Serializer"]

_ELSEWHERE = {"Client", "ScalerFuture", "Scheduler", "SchedulerClusterCombo"}


def __getattr__(name):
    if name == "Serializer":
        from scaler.client.serializer.mixins import Serializer

        return Serializer
    if name in _ELSEWHERE:
        raise ImportError(
            f"scaler.{name} needs the scaler Python package in the environment of the worker: install it there, or start "
            "the worker with --python-env DIR of an environment that has it",
            name="scaler",
        )
    raise AttributeError(f"module 'scaler' has no attribute {name!r}")
