"""A program as users write it, for mypy: what it reveals is what editors show."""

import concurrent.futures
from typing import Any, Dict, List

from scaler import Client, ScalerFuture, SchedulerClusterCombo, Serializer
from scaler.client.object_reference import ObjectReference
from scaler.client.progress import as_completed
from scaler.utility.metadata.profile_result import ProfileResult


class Plain(Serializer):
    @staticmethod
    def serialize(obj: Any) -> bytes:
        return repr(obj).encode()

    @staticmethod
    def deserialize(payload: bytes) -> Any:
        return payload


def add(a: int, b: int) -> int:
    return a + b


def main() -> None:
    with SchedulerClusterCombo(n_workers=1) as cluster, Client(cluster.get_address(), serializer=Plain()) as client:
        future: ScalerFuture = client.submit(add, 1, 2)
        standard: "concurrent.futures.Future[Any]" = future
        profile: ProfileResult = future.profiling_info()
        reference: ObjectReference = client.send_object([1, 2, 3])
        values: List[Any] = client.map(add, [1], [2], progress=True)
        results: Dict[str, Any] = client.get({"a": 1, "b": (add, "a", "a")}, ["b"])
        pool: concurrent.futures.Executor = client.executor()
        for ended in as_completed([future, standard]):
            print(ended.result(), profile.duration_s, reference.size, values, results, pool)


if __name__ == "__main__":
    main()
