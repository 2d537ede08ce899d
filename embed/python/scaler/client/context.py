"""What a client inside a task takes from the worker around it."""

import sys
import threading
from typing import Any, Optional

_PROCESSOR = "scaler.worker.agent.processor.processor"
_inside: Optional[bool] = None  # whether this process is a worker's at all


def current_processor() -> Any:
    """None outside a task."""
    global _inside
    if _inside is None:
        _inside = "scaler_runtime.context" in sys.modules or _PROCESSOR in sys.modules
    if not _inside:
        return None
    from scaler.worker.agent.processor.processor import Processor

    return Processor.get_current_processor()


def scheduler_address() -> Optional[str]:
    """The scheduler of the worker that runs this task; None outside a task."""
    processor = current_processor()
    if processor is None:
        return None
    address = processor.scheduler_address()
    to_address = getattr(address, "to_address", None)
    return str(to_address()) if to_address else str(address)


def priority() -> int:
    """What a task submits goes before its equals, or a parent that waits for it could wait for ever."""
    processor = current_processor()
    if processor is None or threading.current_thread() is not threading.main_thread():
        return 0
    task = processor.current_task()
    own = getattr(task, "priority", None) if task is not None else None
    return 0 if own is None else int(own) + 1
