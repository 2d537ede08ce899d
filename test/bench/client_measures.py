"""One measurement of client_bench.py in a process of its own: client_measures.py KIND MEASURE WORKERS, answer as JSON.

KIND is `scaler`, for whichever package of that name this interpreter has, or `pool`, for concurrent.futures.
"""

import gc
import json
import statistics
import sys
import time

TASKS = 10_000
TRIPS = 500
BIG_BYTES = 50_000_000
BIG_COUNT = 20
CHAIN = 1_000
OUTSTANDING = 20_000
ANSWER = "answer: "


def noop(x):
    return x


def inc(x):
    return x + 1


def total(*values):
    return len(values)


def blob(i):
    return b"\xa5" * BIG_BYTES


class Cluster:
    """A client with a cluster of its own."""

    def __init__(self, workers):
        from scaler import Client, SchedulerClusterCombo

        self._combo = SchedulerClusterCombo(n_workers=workers, logging_paths=("/dev/null",), logging_level="ERROR")
        self.client = Client(address=self._combo.get_address())
        self.submit = self.client.submit
        self.get = self.client.get

    def map(self, fn, values):
        return self.client.map(fn, values)

    def stop(self):
        self.client.disconnect()
        self._combo.shutdown()


class Pool:
    """The standard library's processes, for a sense of scale."""

    def __init__(self, workers):
        from concurrent.futures import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(workers)
        self.submit = self._pool.submit

    def map(self, fn, values):
        return list(self._pool.map(fn, values))

    def stop(self):
        self._pool.shutdown(cancel_futures=True)


def timed(work):
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


def map_rate(cluster):
    seconds, results = timed(lambda: cluster.map(noop, range(TASKS)))
    assert results == list(range(TASKS))
    return TASKS / seconds


def submit_rate(cluster):
    seconds, results = timed(lambda: [f.result() for f in [cluster.submit(noop, i) for i in range(TASKS)]])
    assert results == list(range(TASKS))
    return TASKS / seconds


def round_trip_us(cluster):
    return statistics.median(timed(lambda: cluster.submit(noop, i).result())[0] for i in range(TRIPS)) * 1e6


def big_results_gb_s(cluster):
    def work():
        futures = [cluster.submit(blob, i) for i in range(BIG_COUNT)]
        while futures:
            assert len(futures.pop(0).result()) == BIG_BYTES

    return BIG_COUNT * BIG_BYTES / timed(work)[0] / 1e9


def big_arguments_gb_s(cluster):
    values = [bytes([i]) * BIG_BYTES for i in range(BIG_COUNT)]

    def work():
        futures = [cluster.submit(len, value) for value in values]
        assert [f.result() for f in futures] == [BIG_BYTES] * BIG_COUNT

    return BIG_COUNT * BIG_BYTES / timed(work)[0] / 1e9


def chain_rate(cluster):
    graph = {"n0": 0, **{f"n{i}": (inc, f"n{i - 1}") for i in range(1, CHAIN + 1)}}
    seconds, values = timed(lambda: cluster.get(graph, [f"n{CHAIN}"]))
    assert values == {f"n{CHAIN}": CHAIN}
    return CHAIN / seconds


def graph_rate(nodes):
    """Layers of 100 nodes, each of two nodes of the layer before."""

    def measure(cluster):
        width = 100
        graph = {f"0.{i}": i for i in range(width)}
        for layer in range(1, nodes // width + 1):
            for i in range(width):
                graph[f"{layer}.{i}"] = (max, f"{layer - 1}.{i}", f"{layer - 1}.{(i + 1) % width}")
        keys = [f"{nodes // width}.{i}" for i in range(width)]
        seconds, values = timed(lambda: cluster.get(graph, keys))
        assert len(values) == width
        return nodes / seconds

    return measure


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def future_bytes(cluster):
    """What the client's process grows by for each task that waits; all of them wait behind sleeping ones."""
    keep = [cluster.submit(noop, i) for i in range(1000)]
    gc.collect()
    before = resident_bytes()
    keep += [cluster.submit(noop, i) for i in range(OUTSTANDING)]
    time.sleep(0.5)  # what is on its way out leaves the process
    gc.collect()
    return (resident_bytes() - before) / OUTSTANDING


MEASURES = {
    "map": map_rate,
    "submit": submit_rate,
    "round trip": round_trip_us,
    "big results": big_results_gb_s,
    "big arguments": big_arguments_gb_s,
    "chain": chain_rate,
    "graph 10k": graph_rate(10_000),
    "graph 100k": graph_rate(100_000),
    "future": future_bytes,
}


def tell(value):
    """On a line that can be told from what clusters print."""
    print(ANSWER + json.dumps(value), flush=True)


def main():
    kind, measure, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    make = {"scaler": Cluster, "pool": Pool}[kind]
    if measure == "first result":  # its caller takes the time from before this process began
        cluster = make(workers)
        cluster.submit(noop, 1).result()
        tell(time.monotonic())
    else:
        cluster = make(0 if measure == "future" and kind == "scaler" else workers)
        if measure != "future":
            cluster.map(noop, range(200))
        tell(MEASURES[measure](cluster))
    cluster.stop()


if __name__ == "__main__":
    main()
