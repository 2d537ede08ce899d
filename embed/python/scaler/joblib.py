"""joblib on a cluster. Importing this module registers the backend "scaler".

>>> import joblib
>>> import scaler.joblib
>>> with joblib.parallel_config("scaler", address="tcp://127.0.0.1:6378", n_jobs=8):
...     joblib.Parallel()(joblib.delayed(pow)(i, 2) for i in range(10))

Without an address, it is where Client() without one connects. Workers need joblib in their environment. scikit-learn
runs its searches and ensembles this way as they are.
"""

from __future__ import annotations

import concurrent.futures
import os
from typing import Any, Callable, Optional

from joblib.parallel import AutoBatchingMixin, ParallelBackendBase, register_parallel_backend


class ScalerBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]
    """`client` to use one that is connected already, which then stays so; else one is made from `address`.

    `n_workers` is what n_jobs=-1 means: how many tasks run at once. By default the number of CPUs of this machine.
    """

    supports_retrieve_callback = True
    default_n_jobs = -1

    def __init__(
        self,
        address: Optional[str] = None,
        client: Optional[Any] = None,
        n_workers: Optional[int] = None,
        nesting_level: Optional[int] = None,
        inner_max_num_threads: Optional[int] = None,
        **options: Any,
    ) -> None:
        super().__init__(nesting_level=nesting_level, inner_max_num_threads=inner_max_num_threads, **options)
        self._n_workers = n_workers or os.cpu_count() or 1
        self._is_own = client is None
        self._client = _connect(address) if client is None else client
        self._futures: "set[Any]" = set()
        # joblib submits the next batch from the callback of the last one: not in the client's own thread.
        self._callbacks: Optional[concurrent.futures.ThreadPoolExecutor] = None

    def __reduce__(self) -> Any:
        raise TypeError("a ScalerBackend stays where it is; in a task, Client() connects to the same scheduler")

    def effective_n_jobs(self, n_jobs: Optional[int]) -> int:
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        return max(1, self._n_workers + 1 + n_jobs) if n_jobs < 0 else n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        self.parallel = parallel
        if self._callbacks is None:
            self._callbacks = concurrent.futures.ThreadPoolExecutor(1, "scaler-joblib")
        return self.effective_n_jobs(n_jobs)

    def submit(self, func: Callable[[], Any], callback: Optional[Callable[[Any], None]] = None) -> Any:
        future = self._client.submit(func)
        self._futures.add(future)
        future.add_done_callback(lambda ended: self._ended(ended, callback))
        return future

    apply_async = submit  # its name up to joblib 1.4

    def _ended(self, future: Any, callback: Optional[Callable[[Any], None]]) -> None:
        self._futures.discard(future)
        callbacks = self._callbacks
        if callback is not None and callbacks is not None:
            try:
                callbacks.submit(callback, future)
            except RuntimeError:  # it was shut down: nobody waits for this any more
                pass

    def retrieve_result_callback(self, out: Any) -> Any:
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        for future in list(self._futures):
            future.cancel()
        self.terminate()
        if ensure_ready:
            self.configure(n_jobs=self.parallel.n_jobs, parallel=self.parallel)

    def terminate(self) -> None:
        callbacks, self._callbacks = self._callbacks, None
        if callbacks is not None:
            callbacks.shutdown(wait=False)

    def __del__(self) -> None:
        if getattr(self, "_is_own", False) and hasattr(self, "_client"):
            self._client.disconnect()


def _connect(address: Optional[str]) -> Any:
    from scaler.client.client import Client

    return Client(address=address)


def register() -> None:
    """Makes "scaler" a backend of joblib; importing this module has done it already."""
    register_parallel_backend("scaler", ScalerBackend)


register()
