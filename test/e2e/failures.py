"""What tasks can do to a worker, and what comes of it: the cases of test_failures.py, and the table in docs/failures.md.

    VIRTUAL_ENV=ENV ENV/bin/python failures.py ../../docs/failures.md       writes the table anew

Each case is a function that a client submits to one worker with the limits below, or with a time limit. Its future has to raise what the case says,
and the worker has to serve the next task, in the same processor or in another as the case says.
"""

import os
import re
import sys
import time

from scaler import Client

import stack

MEMORY_LIMIT = 600_000_000
LIMITS = ("--task-memory-limit", str(MEMORY_LIMIT), "--task-cpu-limit", "1")
TIME_LIMIT = ("--task-timeout-seconds", "1")

SAME, OTHER = "kept its processor", "started another processor"


# ---- what users do ----


def raises():
    raise ValueError("no such thing")


def raises_from():
    try:
        {}["key"]
    except KeyError as error:
        raise RuntimeError("outer") from error


def own_exception():
    class OwnError(Exception):
        pass

    raise OwnError("mine")


def exception_with_a_lock():
    import threading

    class Locked(Exception):
        pass

    error = Locked("holds a lock")
    error.lock = threading.Lock()
    raise error


def exception_nobody_can_read():
    class Picky(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    raise Picky(1, 2)


def recursion(n=0):
    return recursion(n + 1)


def system_exit():
    import sys

    sys.exit(3)


def keyboard_interrupt():
    raise KeyboardInterrupt


def os_exit():
    import os

    os._exit(4)


def segmentation_fault():
    import ctypes

    ctypes.string_at(0)


def killed():
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def aborts():
    import os

    os.abort()


def terminates_itself():
    import os
    import signal

    os.kill(os.getpid(), signal.SIGTERM)
    return "ended in order"


def closes_descriptors():
    import os
    import time

    os.closerange(0, 1000)
    time.sleep(60)


def forks():
    import os

    if os.fork() == 0:
        raise ValueError("in the child")
    return os.wait()[1] >> 8


def forks_and_leaves_a_child():
    import os
    import time

    if os.fork() == 0:
        time.sleep(5)
        os._exit(0)
    return "parent"


def changes_folder():
    import os
    import shutil
    import tempfile

    folder = tempfile.mkdtemp()
    os.chdir(folder)
    shutil.rmtree(folder)
    return "gone"


def blocks_signals():
    import signal
    import time

    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    end = time.process_time() + 30
    while time.process_time() < end:
        pass


def handles_every_signal():
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    return "deaf"


def fills_the_disk():
    with open("/dev/full", "w") as file:
        file.write("x" * 100_000)


def out_of_descriptors():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    kept = []
    try:
        while True:
            kept.append(open("/dev/null"))
    finally:
        for file in kept:
            file.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def one_huge_allocation():
    return bytearray(1 << 46)


def allocates_everything():
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def spins():
    while True:
        pass


def spins_and_will_not_stop():
    while True:
        try:
            while True:
                pass
        except TimeoutError:
            pass


def spins_without_the_gil_free():
    sum(range(10**15))


def sleeps():
    import time

    time.sleep(60)


def leaves_threads():
    import threading
    import time

    for _ in range(20):
        threading.Thread(target=time.sleep, args=(0.2,)).start()
    return "threads"


def exit_handler_that_raises():
    import atexit

    atexit.register(lambda: 1 / 0)
    return "registered"


def reads_standard_input():
    import sys

    return repr(sys.stdin.read())


def closes_standard_output():
    import sys

    sys.stdout.close()
    sys.stderr.close()
    return "closed"


def raises_the_recursion_limit():
    import sys

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(3000)
    try:
        return recursion()
    finally:
        sys.setrecursionlimit(before)


def unpicklable_result():
    import threading

    return threading.Lock()


def unpicklable_at_the_worker():
    class Missing:
        def __reduce__(self):
            return __import__, ("module_that_is_nowhere",)

    return Missing()


def takes(argument):
    return argument


def process_id():
    import os

    return os.getpid()


class Truncating:
    """A serializer whose payloads miss their end."""

    @staticmethod
    def serialize(obj):
        import cloudpickle

        return cloudpickle.dumps(obj)[:-5]

    @staticmethod
    def deserialize(payload):
        import pickle

        return pickle.loads(payload)


class Unloadable:
    """A serializer that the worker cannot load."""

    def __reduce__(self):
        return __import__, ("serializer_that_is_nowhere",)

    @staticmethod
    def serialize(obj):
        import cloudpickle

        return cloudpickle.dumps(obj)

    @staticmethod
    def deserialize(payload):
        import pickle

        return pickle.loads(payload)


# ---- the cases ----


class Case:
    """raises: the class and a pattern of the text that the future gives; gives: its result instead. act(client) submits."""

    def __init__(self, name, act, raises=None, gives=None, processor=SAME, limits=LIMITS):
        self.name = name
        self.act = act if not hasattr(act, "__code__") or act.__code__.co_argcount != 0 else lambda client: client.submit(act)
        self.raises = raises
        self.gives = gives
        self.processor = processor
        self.limits = limits


class WrongOutcome(AssertionError):
    pass


def _submit_to_worker(function):
    return lambda client: client.submit(function)


DIED = "ProcessorDiedError"

CASES = [
    Case("raises an exception", raises, ("ValueError", "^no such thing$")),
    Case("raises one from another", raises_from, ("RuntimeError", "^outer$")),
    Case("raises a class of the user's script", own_exception, ("OwnError", "^mine$")),
    Case("raises an exception that holds a lock", exception_with_a_lock, ("RuntimeError", "Locked: holds a lock")),
    Case("raises an exception whose class wants other arguments", exception_nobody_can_read, ("Picky", "^1 and 2$")),
    Case("recurses without end", _submit_to_worker(recursion), ("RecursionError", "maximum recursion depth")),
    Case("raises the recursion limit and recurses", raises_the_recursion_limit, ("RecursionError", "maximum recursion depth")),
    Case("sys.exit(3)", system_exit, (DIED, "tried to end its processor: SystemExit: 3")),
    Case("raises KeyboardInterrupt", keyboard_interrupt, (DIED, "tried to end its processor: KeyboardInterrupt")),
    Case("os._exit(4)", os_exit, (DIED, "process_status='zombie': .* ended by exit code 4"), processor=OTHER),
    Case("segmentation fault", segmentation_fault, (DIED, "process_status='zombie': .* signal 11"), processor=OTHER),
    Case("is killed (SIGKILL)", killed, (DIED, "process_status='zombie': .* signal 9"), processor=OTHER),
    Case("aborts", aborts, (DIED, "process_status='zombie': .* signal 6"), processor=OTHER),
    Case("sends itself SIGTERM and goes on", terminates_itself, gives="ended in order", processor=OTHER),
    Case("closes every descriptor", closes_descriptors, (DIED, "process_status='zombie': .* ended by the end of its channel$"), processor=OTHER),
    Case("forks, and the child raises", forks, gives=1),
    Case("forks and leaves the child behind", forks_and_leaves_a_child, gives="parent"),
    Case("changes into a folder and deletes it", changes_folder, gives="gone"),
    Case("ignores signals", handles_every_signal, gives="deaf"),
    Case("blocks all signals and computes for ever", blocks_signals, (DIED, "signal 9 .*more processor time than task_cpu_limit=1"),
         processor=OTHER),
    Case("fills the disk", fills_the_disk, ("OSError", "No space left")),
    Case("runs out of descriptors", out_of_descriptors, ("OSError", "Too many open files")),
    Case("asks for 64 TiB at once", one_huge_allocation, ("MemoryError", f"task_memory_limit={MEMORY_LIMIT}")),
    Case("allocates everything, with --task-memory-limit", allocates_everything,
         ("MemoryError", f"task_memory_limit={MEMORY_LIMIT}")),
    Case("computes for ever, with --task-cpu-limit 1", spins, ("TimeoutError", "more processor time than task_cpu_limit=1 seconds")),
    Case("computes for ever in one C call, with --task-cpu-limit 1", spins_without_the_gil_free,
         ("TimeoutError", "more processor time than task_cpu_limit=1 seconds"), processor=OTHER),
    Case("computes for ever and catches the limit", spins_and_will_not_stop,
         ("TimeoutError", "more processor time than task_cpu_limit=1 seconds"), processor=OTHER),
    Case("sleeps longer than --task-timeout-seconds 1", sleeps, ("TimeoutError", "longer than task_timeout_seconds=1"),
         processor=OTHER, limits=TIME_LIMIT),
    Case("leaves threads behind", leaves_threads, gives="threads"),
    Case("registers an exit handler that raises", exit_handler_that_raises, gives="registered"),
    Case("reads standard input", reads_standard_input, gives="''"),
    Case("closes standard output", closes_standard_output, gives="closed"),
    Case("returns what cannot be pickled", unpicklable_result, ("TypeError", "cannot pickle")),
    Case("takes an argument that cannot be unpickled here", lambda client: client.submit(takes, unpicklable_at_the_worker()),
         ("(DeserializeObject|Runtime)Error", "failed to deserialize .*module_that_is_nowhere")),
    Case("takes truncated payloads", lambda client: _with_serializer(client, Truncating()),
         ("(DeserializeObject|Runtime)Error", "failed to deserialize .*")),
    Case("has a client whose serializer cannot be loaded", lambda client: _with_serializer(client, Unloadable()),
         ("(DeserializeObject|Runtime)Error", "failed to deserialize the client's serializer: .*serializer_that_is_nowhere")),
    Case("is cancelled while it waits in the queue", lambda client: _cancelled_behind_another(client), ("CancelledError", ""),
         processor=OTHER),  # for the one before it is cancelled as well
    Case("is cancelled while it computes", lambda client: _cancelled(client.submit(spins), 0.3), ("CancelledError", ""),
         processor=OTHER),
    Case("is cancelled while it blocks all signals", lambda client: _cancelled(client.submit(blocks_signals), 0.3),
         ("CancelledError", ""), processor=OTHER),
]


def _with_serializer(client, serializer):
    with_own = Client(address=client.cluster_address, serializer=serializer)
    client.others.append(with_own)
    return with_own.submit(takes, 1)


def _cancelled(future, after_s=0.0):
    time.sleep(after_s)  # until it runs; if it does not yet, it is cancelled in another state, with the same outcome
    future.asked_at = time.monotonic()
    future.cancel()
    return future


def _cancelled_behind_another(client):
    first = client.submit(sleeps)
    future = _cancelled(client.submit(takes, 1))
    first.cancel()
    return future


class Bench:
    """One worker with limits, and a client."""

    def __init__(self, limits):
        self.limits = limits
        self.cluster = stack.Stack(workers=1, manager_options=limits)
        self.cluster.wait_workers(1)
        self.client = Client(address=self.cluster.address)
        self.client.others = []
        self.client.cluster_address = self.cluster.address

    def close(self):
        for client in [*self.client.others, self.client]:
            client.disconnect()
        return self.cluster.stop()

    def run(self, case):
        """(what the future said, what became of the processor, seconds from the submit or the cancel); raises WrongOutcome."""
        before = self.client.submit(process_id).result(timeout=30)
        began = time.monotonic()
        future = case.act(self.client)
        try:
            said = repr(future.result(timeout=30))
            if case.raises or future.result() != case.gives:
                raise WrongOutcome(f"{case.name}: gave {said}")
        except WrongOutcome:
            raise
        except BaseException as error:  # CancelledError is no Exception to every release
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            wanted = case.raises or ("nothing", "")
            if not re.fullmatch(wanted[0], type(error).__name__) or not re.search(wanted[1], str(error), re.DOTALL):
                raise WrongOutcome(f"{case.name}: raised {said}\n" + self.cluster.logs()[-3000:]) from error
        spent = time.monotonic() - getattr(future, "asked_at", began)
        after = self.client.submit(process_id).result(timeout=30)
        became = SAME if after == before else OTHER
        if case.processor is not None and became != case.processor:
            raise WrongOutcome(f"{case.name}: the worker {became}\n" + self.cluster.logs()[-3000:])
        return said, became, spent


def write_table(path):
    benches = {limits: Bench(limits) for limits in (LIMITS, TIME_LIMIT)}
    rows = []
    for case in CASES:
        said, became, spent = benches[case.limits].run(case)
        said = re.sub(r"\b[0-9a-f]{64}\b", "...", said.splitlines()[0]).replace("|", "\\|")
        said = re.sub(r"processor \d+", "processor N", said)
        took = f"{spent * 1e3:.0f} ms" if spent < 1 else f"{spent:.1f} s"
        rows.append(f"| {case.name} | `{said[:150]}` | {became} | {took} |")
        print(rows[-1], flush=True)
    for bench in benches.values():
        bench.close()
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin = text.index("| the task |")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:begin] + "| the task | its future | the worker | after |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")


if __name__ == "__main__":
    write_table(sys.argv[1])
