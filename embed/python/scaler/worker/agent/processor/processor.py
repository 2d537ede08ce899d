"""What code inside a task asks about the process it runs in."""

from typing import Any, Optional


class Processor:
    """Never constructed: the program's own processor stands behind get_current_processor()."""

    @staticmethod
    def get_current_processor() -> Optional[Any]:
        """None outside a task. Else has scheduler_address() and current_task()."""
        try:
            from scaler_runtime import context
        except ImportError:
            return None
        return context.current_processor()
