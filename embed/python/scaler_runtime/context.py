"""The task that runs now, as nested clients ask for it, through the installed package `scaler` or our own."""

import importlib.util
import struct
import sys

_HOOKED = "scaler.worker.agent.processor.processor"
_FLAGS = struct.Struct("!?i?")  # a task's metadata on the wire: profiling, priority, stream output


class SchedulerAddress(str):
    """The scheduler's address: text, for packages that expect text, and an address object for those (up to 2.0) that
    only ask it for its text."""

    def to_address(self):
        return str(self)


class CurrentTask:
    """The task as far as a client needs it: what it submits from here gets this priority plus one."""

    def __init__(self, task_id, client, priority, stream_output):
        self.task_id = task_id
        self.source = client
        self.priority = priority
        self.stream_output = stream_output

    @property
    def metadata(self):
        return _FLAGS.pack(True, self.priority, self.stream_output)


class CurrentProcessor:
    """Answers for this process while a task runs in it."""

    def __init__(self, scheduler_address, object_storage_address=None):
        self._scheduler_address = scheduler_address
        self._object_storage_address = object_storage_address
        self._task = None

    def enter(self, task):
        self._task = task

    def leave(self):
        self._task = None

    def scheduler_address(self):
        return _address_of(self._scheduler_address)

    def object_storage_address(self):
        return self._object_storage_address

    def current_task(self):
        return self._task


_processor = None  # one per process, so that threads which a task starts see it as well
_address_of = SchedulerAddress  # or the installed package's own parser, if its clients take addresses apart


def set_processor(processor):
    global _processor
    _processor = processor


def current_processor():
    """None outside a task."""
    return _processor if _processor is not None and _processor.current_task() is not None else None


class _Patched:
    """Loads a module with its own loader, then puts current_processor() in the place that its clients ask."""

    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        adopt(module)

    def __getattr__(self, name):  # get_source, is_package, ...: whoever asks means the real loader
        return getattr(self._loader, name)


class _Hook:
    """A finder that answers for one module only, so that the installed package is never imported before user code
    does it (that takes a fifth of a second)."""

    def __init__(self):
        self._asking = False

    def find_spec(self, name, path=None, target=None):
        if name != _HOOKED or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Patched(spec.loader)
        return spec


_tell_import = None


def on_client_import(tell):
    """`tell()` is called when code of a task imports the package that has clients."""
    global _tell_import
    _tell_import = tell if _HOOKED not in sys.modules else None


def adopt(module):
    global _address_of, _tell_import
    if _tell_import is not None:
        _tell_import()
        _tell_import = None
    processor = getattr(module, "Processor", None)
    if processor is not None:
        processor.get_current_processor = staticmethod(current_processor)
        _address_of = getattr(getattr(module, "AddressConfig", None), "from_string", SchedulerAddress)


def install_hook():
    """Idempotent. Also adopts a package that is imported already."""
    if not any(isinstance(finder, _Hook) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Hook())
    if _HOOKED in sys.modules:
        adopt(sys.modules[_HOOKED])
