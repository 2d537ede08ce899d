"""Programs as users write them, each in a function that takes the scheduler's address. Every one runs with any client, on any
stack: test_programs.py on ours, test_own_client_peer.py on the peer's."""

import concurrent.futures
import functools
import importlib.util
import logging
import math
import os
import pickle
import random
import struct
import tempfile
import time

from scaler import Client
from scaler.client.serializer.mixins import Serializer
from scaler.utility.exceptions import ProcessorDiedError
from scaler.utility.logging.utility import setup_logger

from versions import CLIENT, OURS, map_with


def inc(value):
    return value + 1


def add(left, right):
    return left + right


def minus(left, right):
    return left - right


def lookup(heavy, index):
    return len(heavy) + index


def square_roots(address):
    with Client(address=address) as client:
        futures = [client.submit(math.sqrt, i) for i in range(100)]
        assert sum(future.result() for future in futures) == sum(math.sqrt(i) for i in range(100))


def maps(address):
    with Client(address=address) as client:
        assert client.map(math.sqrt, range(100)) == [math.sqrt(i) for i in range(100)]
        assert client.map(add, [1, 2, 3], [10, 20, 30]) == [11, 22, 33]
        assert client.starmap(add, [(5, 5), ("a", "b")]) == [10, "ab"]
        assert list(client.map(inc, (i for i in range(10)))) == list(range(1, 11))


def maps_of_tuples(address):
    """As releases before 2.0 have them; later ones pass the tuple."""
    with Client(address=address) as client:
        given = client.map(math.sqrt if CLIENT < (2, 0) else lambda one: math.sqrt(one[0]), [(i,) for i in range(100)])
        assert given == [math.sqrt(i) for i in range(100)]


def graph(address):
    """Data, nodes and a function that stands in the graph by itself."""
    nodes = {"a": 2, "b": 2, "c": (inc, "a"), "d": (add, "a", "b"), "e": (minus, "d", "c"), "f": add}
    with Client(address=address) as client:
        values = client.get(nodes, keys=["a", "b", "c", "d", "e", "f"])
        assert {key: values[key] for key in "abcde"} == {"a": 2, "b": 2, "c": 3, "d": 4, "e": 1}
        assert values["f"](1, 2) == 3
        futures = client.get(nodes, keys=["d", "e"], block=False)
        assert {key: future.result() for key, future in futures.items()} == {"d": 4, "e": 1}


def fibonacci(client, n):
    if n < 2:
        return n
    left, right = client.submit(fibonacci, client, n - 1), client.submit(fibonacci, client, n - 2)
    return left.result() + right.result()


def graph_inside(client, n):
    return client.get({"n": n, "next": (inc, "n"), "sum": (add, "n", "next")}, keys=["sum"])["sum"]


def nested(address):
    with Client(address=address) as client:
        assert client.submit(fibonacci, client, 6).result() == 8
        assert client.submit(graph_inside, client, 3).result() == 7


def objects_sent_once(address):
    with Client(address=address) as client:
        heavy = client.send_object(list(range(100_000)), name="heavy")
        futures = [client.submit(lookup, heavy, i) for i in range(20)]
        assert [future.result() for future in futures] == [100_000 + i for i in range(20)]


def clear_and_leave(address):
    client = Client(address=address)
    reference = client.send_object("kept until cleared")
    assert client.submit(len, reference).result() == 18
    client.clear()
    client.disconnect()
    again = Client(address=address)
    again.disconnect()  # fresh, without a task


def context(address):
    def inner(n):
        from scaler import Client as ClientOfTheTask

        with ClientOfTheTask() as own:
            return own.submit(math.factorial, n).result()

    with Client(address=address) as client:
        assert client.submit(inner, 5).result() == 120


class Tagged(Serializer):
    """One byte says how the rest was made."""

    @staticmethod
    def serialize(obj):
        if isinstance(obj, int) and abs(obj) < 2**31:
            return b"i" + struct.pack("i", obj)
        import cloudpickle

        return b"p" + cloudpickle.dumps(obj)

    @staticmethod
    def deserialize(payload):
        if payload[0:1] == b"i":
            return struct.unpack("i", payload[1:])[0]
        return pickle.loads(payload[1:])


def own_serializer(address):
    with Client(address=address, serializer=Tagged()) as client:
        assert client.submit(add, 1, 2).result() == 3
        assert map_with(client, inc, ["a"] * 0 + [1, 2]) == [2, 3]
        assert client.submit(sorted, ["b", "a"]).result() == ["a", "b"]


def price(paths, seed):
    """A call option by Monte Carlo, without any package."""
    source = random.Random(seed)
    payoff = (max(100 * math.exp(-0.02 + 0.2 * source.gauss(0, 1)) - 100, 0) for _ in range(paths))
    return math.fsum(payoff) / paths


def prices(address):
    with Client(address=address) as client:
        values = client.starmap(price, [(2_000, seed) for seed in range(20)])
        assert 5 < sum(values) / len(values) < 11, values


def rows_of(table, begin, end):
    return float(table[begin:end].sum())


def numpy_tables(address):
    import numpy

    table = numpy.arange(400_000, dtype=float).reshape(-1, 4)
    with Client(address=address) as client:
        sums = client.starmap(rows_of, [(table, begin, begin + 25_000) for begin in range(0, 100_000, 25_000)])
        assert sum(sums) == table.sum()


def mean_return(frame, name):
    return float(frame[name].pct_change().mean())


def pandas_tables(address):
    import pandas

    frame = pandas.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 3.0, 9.0]})
    with Client(address=address) as client:
        assert client.starmap(mean_return, [(frame, "a"), (frame, "b")]) == [1.0, 2.0]
        assert client.submit(frame.sum).result()["b"] == 13.0


def thumbnail(image, size):
    image.thumbnail(size)
    return image


def images(address):
    from PIL import Image

    with Client(address=address) as client:
        small = map_with(client, functools.partial(thumbnail, size=(8, 8)), [Image.new("RGB", (64, 32), "red")] * 3)
        assert [image.size for image in small] == [(8, 4)] * 3 and small[0].getpixel((0, 0)) == (255, 0, 0)


def score_of(model, table, fold):
    """Fits on three quarters, gives the share of the last one that is told right."""
    x, y = table
    held_out = numpy_mask(len(y), fold)
    return float(model.fit(x[~held_out], y[~held_out]).score(x[held_out], y[held_out]))


def numpy_mask(length, fold):
    import numpy

    return numpy.arange(length) % 4 == fold


def models(address):
    """Cross-validation of scikit-learn's models, and a bound method whose result is a fitted model."""
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    x, y = make_classification(n_samples=400, n_features=8, class_sep=2.0, random_state=1)
    with Client(address=address) as client:
        table = client.send_object((x, y), name="table")
        futures = [client.submit(score_of, model, table, fold)
                   for model in (LogisticRegression(), DecisionTreeClassifier(max_depth=4)) for fold in range(4)]
        assert min(future.result() for future in futures) > 0.7
        assert client.submit(LogisticRegression().fit, x, y).result().score(x, y) > 0.8


def gradient_of(layer, rows):
    layer.zero_grad()
    layer(rows).sum().backward()
    return layer.weight.grad


def tensors(address):
    """A layer and its data by parts: values, and gradients that are summed here."""
    import torch

    layer, rows = torch.nn.Linear(4, 2), torch.arange(40.0).reshape(10, 4)
    parts = [rows[:5], rows[5:]]
    with Client(address=address) as client:
        values = map_with(client, functools.partial(torch.nn.functional.linear, weight=layer.weight.detach()), parts)
        assert torch.allclose(torch.cat(values), rows @ layer.weight.T)
        whole = gradient_of(layer, rows)
        assert torch.allclose(sum(map_with(client, functools.partial(gradient_of, layer), parts)), whole)


def part_of(heavy, index):
    return heavy[index]


def heavy_partial(address):
    """A function that holds much data, mapped over a few values."""
    heavy = os.urandom(20_000_000)
    with Client(address=address) as client:
        assert map_with(client, functools.partial(part_of, heavy), range(4)) == list(heavy[:4])


def first_and_length(payload):
    return payload[0], len(payload), payload[-1]


def zeros(size):
    return bytes(size)


def beyond(size):
    """A program whose one argument and one result have so many bytes; for machines with five times as much memory."""
    def program(address):
        with Client(address=address) as client:
            assert client.submit(first_and_length, b"a" + bytes(size - 2) + b"z").result() == (97, size, 122)
            assert first_and_length(client.submit(zeros, size).result()) == (0, size, 0)

    return program


def parfun_lists(address):
    """parfun splits a list, sends the parts by its own backend, and puts the results together."""
    import parfun

    @parfun.parallel(split=parfun.per_argument(values=parfun.py_list.by_chunk), combine_with=parfun.py_list.concat,
                     fixed_partition_size=100)
    def halves(values, divisor):
        return [value / divisor for value in values]

    with parfun.set_parallel_backend_context("scaler_remote", scheduler_address=address, n_workers=2):
        assert halves(list(range(1000)), 2) == [value / 2 for value in range(1000)]


def pargraph_graphs(address):
    """pargraph's graphs, run by its engine over a client, and by the client itself."""
    import pargraph

    @pargraph.delayed
    def times(left, right):
        return left * right

    @pargraph.graph
    def polynomial(x: int, y: int) -> int:
        return times(times(x, x), times(x, y))

    nodes, keys = polynomial.to_graph().to_dict(x=2, y=5)
    with Client(address=address) as client:
        assert pargraph.GraphEngine(backend=client).get(nodes, keys) == [40]
        assert list(client.get(nodes, keys).values()) == [40]


def callbacks(address):
    """What frameworks above a client need: futures with callbacks, waited for together."""
    seen = []
    with Client(address=address) as client:
        futures = [client.submit(inc, i) for i in range(50)]
        for future in futures:
            future.add_done_callback(lambda done: seen.append(done.result()))
        done, open_ones = concurrent.futures.wait(futures, timeout=60)
        assert len(done) == 50 and not open_ones
        if OURS:  # the others' as_completed raises KeyError whenever some have ended and some have not: waiters.py
            futures = [client.submit(inc, i) for i in range(50)]
            ended = concurrent.futures.as_completed(futures, timeout=60)
            assert sorted(future.result() for future in ended) == list(range(1, 51))
    deadline = time.monotonic() + 10
    while len(seen) < 50:
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
    assert sorted(seen) == list(range(1, 51))


def steps_of_a_short_session(address):
    """How long it takes to connect, submit, get the result, and leave."""
    times = [time.monotonic()]
    client = Client(address=address)
    times.append(time.monotonic())
    future = client.submit(inc, 1)
    times.append(time.monotonic())
    assert future.result() == 2
    times.append(time.monotonic())
    client.disconnect()
    times.append(time.monotonic())
    return [end - begin for begin, end in zip(times, times[1:])]


def quick(address):
    """Each step of a short session is at once; the first task may start a processor, and a machine may be busy."""
    with Client(address=address) as client:
        client.submit(inc, 0).result()
    best = [min(times) for times in zip(*(steps_of_a_short_session(address) for _ in range(3)))]
    limit = 0.3 if OURS else 5  # the others are slower on a busy machine
    assert max(best) < limit, best


def many(address, count):
    with Client(address=address) as client:
        futures = [client.submit(inc, i) for i in range(count)]
        assert [future.result() for future in futures] == list(range(1, count + 1))
        assert map_with(client, inc, range(count)) == list(range(1, count + 1))


def ten_thousand(address):
    many(address, 10_000 if OURS else 1_000)  # other clients take a second for each thousand


def one_thousand(address):
    many(address, 1_000)


def crash(address):
    with Client(address=address) as client:
        try:
            client.submit(os._exit, 1).result()
            raise AssertionError("no error")
        except ProcessorDiedError:
            pass
        assert client.submit(inc, 1).result() == 2


def nap(seconds):
    time.sleep(seconds)
    return seconds


def long_child(client, seconds):
    return client.submit(nap, seconds).result()


def child_outlives_the_timeout(address):
    """A suspended task's client stays connected longer than its own time-out."""
    with Client(address=address, timeout_seconds=2, heartbeat_interval_seconds=1) as client:
        assert client.submit(long_child, client, 3).result() == 3


def with_logger(address):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log")
        setup_logger(log_paths=(path,))
        try:
            logging.info("a word of the program")
            square_roots(address)
            with open(path) as file:
                assert "a word of the program" in file.read() or CLIENT >= (2, 6)  # which writes elsewhere
        finally:
            root = logging.getLogger()
            for handler in root.handlers[:]:
                root.removeHandler(handler)
                handler.close()


def cancelled_at_once(client):
    """Of a scheduler that has no workers."""
    future = client.submit(inc, 1)
    began = time.monotonic()
    assert future.cancel()
    assert time.monotonic() - began < 1
    try:
        future.result()
        raise AssertionError("no error")
    except concurrent.futures.CancelledError:
        pass


def timed_out(client, kill_scheduler):
    """Of a scheduler that has no workers, and a client whose time-out is short."""
    future = client.submit(inc, 1)
    kill_scheduler()
    try:
        future.result(60)
        raise AssertionError("no error")
    except (TimeoutError, concurrent.futures.TimeoutError) as error:
        assert future.done() and future.exception() is error  # not the 60 seconds


# By the rows of the checklist in docs/programs.md.
ALL = {
    "1 square roots": square_roots,
    "2 maps": maps,
    "3 maps of tuples": maps_of_tuples,
    "4 graph": graph,
    "5 nested": nested,
    "6 objects sent once": objects_sent_once,
    "7 clear and leave": clear_and_leave,
    "11 context": context,
    "12 own serializer": own_serializer,
    "13 prices": prices,
    "13 numpy tables": numpy_tables,
    "13 pandas tables": pandas_tables,
    "13 images": images,
    "13 models": models,
    "13 tensors": tensors,
    "14 heavy partial": heavy_partial,
    "16 parfun": parfun_lists,
    "16 pargraph": pargraph_graphs,
    "17 callbacks": callbacks,
    "18 quick": quick,
    "19 ten thousand": ten_thousand,
    "21 crash": crash,
    "22 child outlives the timeout": child_outlives_the_timeout,
    "24 with logger": with_logger,
}
NEEDS = {"13 numpy tables": "numpy", "13 pandas tables": "pandas", "13 images": "PIL", "13 models": "sklearn",
         "13 tensors": "torch", "16 parfun": "parfun", "16 pargraph": "pargraph"}
HUGE = {"14 beyond 512 MB": beyond(600 << 20), "14 beyond 2 GiB": beyond((2 << 30) + 4096)}  # with SCALER_HUGE=1


def runnable():
    """Those whose packages are here."""
    chosen = {**ALL, **HUGE} if os.environ.get("SCALER_HUGE") else ALL
    return {name: run for name, run in chosen.items() if name not in NEEDS or importlib.util.find_spec(NEEDS[name])}
