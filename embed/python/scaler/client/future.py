"""The future of a task."""

from scaler._native import Future as ScalerFuture

__all__ = ["ScalerFuture"]
