"""What a task may use: memory and processor time. The program enforces both; here the task's exception gets its words."""

import _scaler_native as native

_NO_MEMORY = "the task wanted more memory than task_memory_limit={:d} bytes"
_NO_TIME = "the task used more processor time than task_cpu_limit={:g} seconds"  # the agent says the same

_cpu_limit = 0


def on_cpu_used_up(number, frame):
    """The Python-level handler of SIGXCPU."""
    if native.cpu_used_up():
        raise TimeoutError(_NO_TIME.format(_cpu_limit))


class Limits:
    """begin() and end() are called around every task."""

    def __init__(self, memory_limit, cpu_limit):
        global _cpu_limit
        self._memory_limit = memory_limit
        _cpu_limit = cpu_limit
        self.begin = native.begin_limits
        self.end = native.end_limits

    def explain(self, error):
        """The same exception, or one that says what was too much."""
        if not self._memory_limit or not isinstance(error, MemoryError):
            return error
        text = _NO_MEMORY.format(self._memory_limit)
        if type(error) is MemoryError and not error.args:
            return MemoryError(text).with_traceback(error.__traceback__)
        if hasattr(error, "add_note"):
            error.add_note(text)
        return error
