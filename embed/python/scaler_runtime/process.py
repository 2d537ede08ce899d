"""The life of a processor: what the zygote prepares once, what each fork of it does before its first task."""

import faulthandler
import gc
import logging
import os
import platform
import signal
import sys

from scaler_runtime import context, failures, logs, pickled_code, preload, run, upkeep


def prepare_zygote():
    """Everything that every processor needs anyway and that survives a fork. Returns the Python version."""
    for name in ("pickle", "cloudpickle"):
        try:
            __import__(name)
        except ImportError:  # tasks that need it fail and say so
            pass
    pickled_code.install()
    failures.install_traceback_pickling()
    context.install_hook()
    _add_working_folder()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.stderr is not None:
        faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    gc.collect()
    gc.freeze()  # what exists now is shared with every fork: do not touch its pages
    return platform.python_version()


def import_client():
    """In the zygote, after a task of some processor imported it: every later fork has it already. An import that starts
    threads, which a fork would not take along, is not for a zygote: it ends, and the next one is without."""
    __import__("scaler.client.client")
    if len(os.listdir("/proc/self/task")) > 1:
        logging.warning("the package scaler starts threads when it is imported; processors start without it")
        os._exit(0)
    gc.collect()
    gc.freeze()


def _add_working_folder():
    try:
        folder = os.getcwd()
    except OSError:  # deleted since the worker started: there is nothing to import from it
        return
    if not getattr(sys.flags, "safe_path", False) and folder not in sys.path:
        sys.path.insert(0, folder)


def _limits_of(options):
    if not options["memory_limit"] and not options["cpu_limit"]:
        return None
    from scaler_runtime import limits

    return limits.Limits(options["memory_limit"], options["cpu_limit"])


class PreloadFailed(RuntimeError):
    pass


class ProcessorRuntime:
    """What the program's loop calls, all of it from the main thread."""

    def __init__(self, native, options):
        logs.set_up(options["log_level"], options["log_paths"])
        self._upkeep = upkeep.Upkeep(options["gc_seconds"], options["trim_bytes"], native.malloc_trim)
        self._processor = context.CurrentProcessor(options["scheduler_address"], options["object_storage_address"])
        context.set_processor(self._processor)
        context.on_client_import(native.suggest_client_import)
        runner = run.TaskRunner(native.send_output, self._processor, _limits_of(options))
        os.register_at_fork(after_in_child=native.leave_agent)
        self.give_object = runner.give_object
        self.give_serializer = runner.give_serializer
        self.forget = runner.forget
        self.run_task = runner.run_task
        self.after_task = self._upkeep.after_task

    def preload(self, spec):
        if not spec:
            return
        try:
            preload.execute_preload(spec)
        except BaseException as error:
            failures.without_own_frames(error)
            text = f"Processor[{os.getpid()}] initialization failed due to preload error: {spec}"
            logging.error("%s", text, exc_info=error)
            raise PreloadFailed(f"{text}: {failures.one_line(error)}") from error
