"""How a task's exception travels: pickled so that any client can read it, with as much of it as survives."""

import builtins
import copyreg
import inspect
import os
import pickle
import sys
import traceback
import types

_OWN_FOLDER = os.path.dirname(__file__) if "__file__" in globals() else "<scaler>/scaler_runtime"
_LOG_CHARACTERS_MAX = 64 * 1024
_RECURSION_MAX = 1000
_GROUPS = getattr(builtins, "BaseExceptionGroup", ())  # since Python 3.11
_FRAMES_KEPT = 40  # of a traceback too deep to pickle: the outermost and as many of the innermost

try:
    from tblib import pickling_support as _tblib
except ImportError:  # neither installed nor carried: exceptions travel without tracebacks
    _tblib = None


# ---- traceback, cause and context ----


def install_traceback_pickling():
    if _tblib is not None:
        _tblib.install()


def _reduce_with_context(error):
    """What tblib makes of an exception, and the context, which releases before 2.0 forget. BaseException restores its
    state attribute by attribute, so no reader needs to know."""
    reduced = _tblib.pickle_exception(error)
    state = reduced[2] if len(reduced) > 2 else None
    if error.__context__ is None or not (state is None or isinstance(state, dict)):
        return reduced
    context = {"__context__": error.__context__, "__suppress_context__": error.__suppress_context__}
    return (reduced[0], reduced[1], {**(state or {}), **context}) + tuple(reduced[3:])


def _forgets_context():
    parameters = inspect.signature(_tblib.unpickle_exception).parameters
    return "context" not in parameters


def _reachable(error):
    found, queue = [], [error]
    while queue:
        one = queue.pop()
        if one is None or any(one is other for other in found):
            continue
        found.append(one)
        queue += [one.__cause__, one.__context__]
        queue += getattr(one, "exceptions", ()) if isinstance(one, _GROUPS) else ()
    return found


def _register(errors):
    """Classes made since the start, by the task for instance, are registered when they first fail."""
    if _tblib is None:
        return
    kinds = {type(error) for error in errors}
    if _forgets_context():
        for kind in kinds:
            copyreg.pickle(kind, _reduce_with_context)
    else:
        _tblib.install(*kinds)


# ---- payload ----


def _pickled(error, dumps):
    payload = dumps(error, pickle.HIGHEST_PROTOCOL)
    if any(type(one).__module__ != "builtins" for one in _reachable(error)):
        pickle.loads(payload)  # a class whose __init__ wants other arguments pickles, and then cannot be read
    return payload


def _cloudpickled(error):
    import cloudpickle

    return _pickled(error, cloudpickle.dumps)


def _plain(error):
    return _pickled(error, pickle.dumps)


def _shortened(tb):
    frames = []
    while tb is not None:
        frames.append(tb)
        tb = tb.tb_next
    if len(frames) > 2 * _FRAMES_KEPT:
        frames = frames[:_FRAMES_KEPT] + frames[-_FRAMES_KEPT:]
    short = None
    for frame in reversed(frames):
        short = types.TracebackType(short, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return short


def _alone(error):
    """The exception itself, without what led to it, its traceback cut in the middle."""
    kept = error.__cause__, error.__context__, error.__suppress_context__, error.__traceback__
    error.__cause__ = error.__context__ = None
    error.__traceback__ = _shortened(error.__traceback__)
    try:
        try:
            return _plain(error)
        except Exception:
            return _cloudpickled(error)
    finally:
        error.__cause__, error.__context__, error.__suppress_context__, error.__traceback__ = kept


def _reduced(error):
    """Its text in a class that every client has."""
    stand_in = RuntimeError(one_line(error))
    try:
        return _plain(stand_in.with_traceback(_shortened(error.__traceback__)))
    except Exception:
        return pickle.dumps(stand_in.with_traceback(None), pickle.HIGHEST_PROTOCOL)


def payload_of(error):
    """A pickle of the exception that plain pickle.loads can read. Never raises for an error's own sake."""
    wanted = sys.getrecursionlimit()
    sys.setrecursionlimit(min(wanted, _RECURSION_MAX))  # pickling recurses on the C stack, whatever the task allowed
    try:
        return _first_that_works(error)
    finally:
        sys.setrecursionlimit(wanted)


def _first_that_works(error):
    try:
        _register(_reachable(error))
    except Exception:
        return _reduced(error)
    for attempt in (_plain, _cloudpickled, _alone):
        try:
            return attempt(error)
        except Exception:  # a lock in it, a class of the user's script, a traceback too deep: try the next
            continue
    return _reduced(error)


# ---- what the task raised ----


def exception_class(name):
    """A class of scaler.utility.exceptions, from the installed package or ours; RuntimeError if there is none."""
    try:
        module = __import__("scaler.utility.exceptions", fromlist=[name])
        return getattr(module, name, RuntimeError)
    except Exception:  # an installed package that does not import must not hide the failure
        return RuntimeError


def without_own_frames(error):
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        tb = tb.tb_next
    return error.with_traceback(tb)


def as_task_failure(error):
    """What the client gets. An exception that is meant to end an interpreter ends the task only, and is named."""
    without_own_frames(error)
    if isinstance(error, Exception):
        return error
    substitute = exception_class("ProcessorDiedError")(f"the task tried to end its processor: {one_line(error)}")
    substitute.__cause__ = error
    return substitute


# ---- text ----


def one_line(error):
    """'ZeroDivisionError: division by zero', whatever the exception's own methods do."""
    try:
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    except Exception:
        return type(error).__name__


def log_text(error):
    """The line above and the traceback, for the worker's log."""
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        text = one_line(error).partition("\n")[0] + "\n" + "".join(lines).rstrip()
    except Exception:
        text = one_line(error)
    return text[:_LOG_CHARACTERS_MAX].encode("utf-8", "backslashreplace").decode("utf-8")
