"""The native client, of which only Future is for users, under the name ScalerFuture."""

import concurrent.futures
from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple

from scaler.utility.identifiers import TaskID
from scaler.utility.metadata.profile_result import ProfileResult

class Future(concurrent.futures.Future[Any]):
    """A task's future. Everything of concurrent.futures.Future works; what is declared here is more."""

    @property
    def task_id(self) -> TaskID: ...
    def cancel(self, timeout: Optional[float] = None) -> bool:
        """Asks the scheduler to end the task, and waits for its answer, at most `timeout` seconds."""
    def profiling_info(self) -> ProfileResult:
        """What the task cost. ValueError before it has ended."""

def _quiet() -> None: ...

class Core:
    ended: bool
    forked: bool
    def __init__(
        self,
        address: str,
        identity: str,
        object_storage_address: Optional[str],
        timeout_seconds: float,
        heartbeat_interval_seconds: float,
        serializer: bytes,
        serialize: Callable[[Any], bytes],
        deserialize: Optional[Callable[[Any], Any]],
        explain: Callable[[Tuple[str, int]], None],
        stream_output: bool,
        profiling: bool,
        ymq_first: bool,
        tls_cert: Optional[str],
        tls_key: Optional[str],
    ) -> None: ...
    def wait_ready(self) -> None: ...
    def check_usable(self) -> None: ...
    def put(self, payload: Any, name: bytes, reference: bool) -> bytes: ...
    def release(self, ids: Iterable[bytes]) -> None: ...
    def knows(self, object_id: bytes) -> bool: ...
    def serialize(self, value: Any) -> bytes: ...
    def submit(
        self, function: bytes, args: Tuple[Any, ...], capabilities: Optional[List[Tuple[str, int]]], priority: int
    ) -> Future: ...
    def submit_many(
        self,
        function: bytes,
        rows: Iterable[Iterable[Any]],
        capabilities: Optional[List[Tuple[str, int]]],
        priority: int,
        eager: bool,
    ) -> List[Future]: ...
    def submit_graph(
        self,
        objects: Sequence[Tuple[bytes, bytes]],
        nodes: Any,
        targets: Any,
        capabilities: Optional[List[Tuple[str, int]]],
        priority: int,
        eager: bool,
    ) -> List[Future]: ...
    def done_future(self, value: Any) -> Future: ...
    def abandon(self, futures: Sequence[Any]) -> None: ...
    def clear(self) -> None: ...
    def disconnect(self) -> None: ...
    def close(self) -> None: ...
    def shutdown(self) -> bool: ...
