"""A client as a `concurrent.futures.Executor`, for code that takes any executor."""

from __future__ import annotations

import concurrent.futures
import functools
import itertools
import threading
import time
import weakref
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple


class ClientExecutor(concurrent.futures.Executor):
    """Runs calls as tasks of `client`, which stays connected when the executor shuts down.

    >>> with client.executor() as pool:
    ...     list(pool.map(pow, [2, 3], [5, 2]))
    [32, 9]

    Differences from a process pool: its workers may be elsewhere, tasks may be functions defined anywhere (lambdas and
    closures too), and a task whose worker dies runs again on another one.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._changed = threading.Condition()  # guards what follows; never held while the client works
        self._is_shut_down = False
        self._submitting = 0  # calls of submit() under way
        self._futures: "weakref.WeakSet[Any]" = weakref.WeakSet()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """A future of fn(*args, **kwargs). RuntimeError after shutdown().

        >>> pool.submit(pow, 2, 5).result()  # doctest: +SKIP
        32
        """
        call = functools.partial(fn, **kwargs) if kwargs else fn  # each argument arrives by the name it was given
        with self._changed:
            if self._is_shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._submitting += 1
        future = None
        try:
            future = self._client.submit(call, *args)
        finally:
            with self._changed:
                self._submitting -= 1
                if future is not None:
                    self._futures.add(future)
                self._changed.notify_all()
        return future

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: Optional[float] = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """The results in order, each as soon as it is there; all tasks are submitted at once.

        `timeout` is in seconds from this call; when they have passed, concurrent.futures.TimeoutError is raised and
        what has not ended is cancelled. `chunksize` calls become one task.

        >>> list(pool.map(abs, [-1, 2], timeout=10, chunksize=100))  # doctest: +SKIP
        [1, 2]
        """
        if chunksize < 1:
            raise ValueError("chunksize must be at least 1")
        end = None if timeout is None else time.monotonic() + timeout
        if chunksize == 1:
            futures = [self.submit(fn, *items) for items in zip(*iterables)]
            return self._results(futures, end)
        run = _chunk_runner(fn)
        futures = [self.submit(run, chunk) for chunk in _chunks(zip(*iterables), chunksize)]
        return itertools.chain.from_iterable(self._results(futures, end))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more calls are accepted. Waits for those that run unless told not to; the client stays connected.

        `cancel_futures` cancels all calls that have not ended, whether they run or not.

        >>> pool.shutdown(cancel_futures=True)  # doctest: +SKIP
        """
        with self._changed:
            self._is_shut_down = True
            self._changed.wait_for(lambda: self._submitting == 0)
            futures = list(self._futures)
        if cancel_futures:
            self._abandon(futures)
        if wait:
            concurrent.futures.wait(futures)

    def _abandon(self, futures: Iterable[Any]) -> None:
        """Cancels what has not ended, without waiting for the scheduler."""
        self._client._core.abandon([future for future in futures if not future.done()])

    def _results(self, futures: List[Any], end: Optional[float]) -> Iterator[Any]:
        def remaining() -> Optional[float]:
            return None if end is None else max(0.0, end - time.monotonic())

        def generate() -> Iterator[Any]:
            futures.reverse()
            try:
                while futures:  # a result is not kept longer than whoever takes it does
                    yield self._result_or_cancel(futures.pop(), remaining())
            finally:
                self._abandon(futures)

        return generate()

    def _result_or_cancel(self, future: Any, timeout: Optional[float]) -> Any:
        try:
            return future.result(timeout)
        finally:
            self._abandon([future])


def _chunk_runner(fn: Callable[..., Any]) -> Callable[[List[Tuple[Any, ...]]], List[Any]]:
    def run_chunk(chunk: List[Tuple[Any, ...]]) -> List[Any]:  # a closure, so that it travels whole to any worker
        return [fn(*items) for items in chunk]

    return run_chunk


def _chunks(items: Iterable[Tuple[Any, ...]], size: int) -> Iterator[List[Tuple[Any, ...]]]:
    iterator = iter(items)
    while True:
        chunk = list(itertools.islice(iterator, size))
        if not chunk:
            return
        yield chunk
