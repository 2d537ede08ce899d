"""Large arguments and results between our own programs on one host, where they do not travel by TCP, and what may go wrong then."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import unittest

from versions import OURS

if not OURS:
    raise unittest.SkipTest("these tests are for our own client")

from scaler import Client
from scaler.utility.exceptions import ObjectStorageException

import stack

try:
    import numpy
except ImportError:
    numpy = None

MEGABYTE = 10**6


def digest(data):
    return hashlib.blake2b(data).hexdigest()


def blob(size, seed):
    return (b"%08d" % seed) * (size // 8)


def pair_of_blobs(size):
    return {"first": blob(size, 1), "second": [blob(size, 2), "t" * size]}


def double(array):
    return array * 2


def tell_and_return(path, size):
    with open(path, "w", encoding="ascii") as file:
        file.write("begun")
    return bytes(size)


def die_once(path, data):
    """The first worker of it dies with the argument in its hands."""
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii"):
            pass
        os.kill(os.getppid(), signal.SIGKILL)
    return len(data)


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_files_of(pid):
    """How many memory files a process has open, and the bytes of memory in them."""
    count = held = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            if os.readlink(path).startswith("/memfd:scaler"):
                count += 1
                held += os.stat(path).st_blocks * 512
        except OSError:
            continue
    return count, held


def resident(pid, kind):
    """Bytes of one kind of resident memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(kind))


def unix_sockets_of(pid):
    """How many connected sockets of the abstract names of this project a process has."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    with open("/proc/net/unix", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return sum(1 for row in rows if len(row) == 8 and row[6] in inodes and row[7].startswith("@scaler-") and row[5] == "03")


class Large(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(150)

    def tearDown(self):
        signal.alarm(0)

    def test_client_and_workers_meet_the_store_at_its_unix_socket(self):
        with stack.Stack(workers=2) as cluster, Client(address=cluster.address) as client:
            self.assertEqual(client.map(len, [b"x", b"xy"]), [1, 2])
            stack.wait_for(lambda: unix_sockets_of(cluster.storage.pid) >= 3, "not all of them came by the Unix socket")

    def test_an_argument_and_a_result_of_300_and_of_600_megabytes(self):
        with stack.Stack(workers=1) as cluster, Client(address=cluster.address) as client:
            for size in (300 * MEGABYTE, 600 * MEGABYTE):
                data = blob(size, 7)
                self.assertEqual(client.submit(digest, data).result(100), digest(data))
                self.assertEqual(digest(client.submit(blob, size, 7).result(100)), digest(data))

    def test_large_objects_lie_in_memory_files_and_small_ones_do_not(self):
        with stack.Stack(workers=1) as cluster, Client(address=cluster.address) as client:
            kept = [client.send_object(blob(size, 1)) for size in (100_000, 2 * MEGABYTE, 3 * MEGABYTE)]
            self.assertEqual([client.submit(len, reference).result(60) for reference in kept],
                             [100_000, 2 * MEGABYTE, 3 * MEGABYTE])
            count, held = memory_files_of(cluster.storage.pid)
            self.assertEqual(count, 2)
            self.assertLess(held, 6 * MEGABYTE)

    def test_a_client_that_dies_while_it_sends_and_receives_leaves_nothing(self):
        program = (
            "import os, signal, sys, threading; from scaler import Client\n"
            "client = Client(address=sys.argv[1])\n"
            "def die(): os.kill(os.getpid(), signal.SIGKILL)\n"
            "futures = [client.submit(bytes, bytes(20_000_000)) for _ in range(4)]\n"
            "futures[0].result()\n"
            "threading.Timer(0.02, die).start()\n"
            "while True: client.submit(bytes, bytes(20_000_000)).result()\n"
        )
        options = ["--object-retention-seconds", "1", "--client-timeout-seconds", "2"]
        with stack.Stack(workers=2, scheduler_options=options) as cluster:
            cluster.wait_workers(2)
            died = subprocess.run([sys.executable, "-c", program, cluster.address], timeout=100)
            self.assertEqual(died.returncode, -signal.SIGKILL)
            stack.wait_for(lambda: memory_files_of(cluster.storage.pid) == (0, 0), "memory files are left over", 60)
            with Client(address=cluster.address) as client:
                self.assertEqual(len(client.submit(bytes, blob(20 * MEGABYTE, 1)).result(60)), 20 * MEGABYTE)

    def test_large_buffers_within_other_objects(self):
        with stack.Stack(workers=1) as cluster, Client(address=cluster.address) as client:
            value = pair_of_blobs(5 * MEGABYTE)
            self.assertEqual(client.submit(pair_of_blobs, 5 * MEGABYTE).result(60), value)
            self.assertEqual(client.submit(dict, value).result(60), value)
            text = "t" * (5 * MEGABYTE) + "\u20ac"
            self.assertEqual(client.submit(str, text).result(60), text)
            data = bytearray(blob(5 * MEGABYTE, 3))
            self.assertEqual(client.submit(bytearray, data).result(60), data)

    @unittest.skipIf(numpy is None, "NumPy is not installed")
    def test_an_array_of_200_megabytes_both_ways(self):
        with stack.Stack(workers=1) as cluster, Client(address=cluster.address) as client:
            array = numpy.arange(25 * MEGABYTE, dtype=numpy.int64)
            result = client.submit(double, array).result(100)
            self.assertTrue(numpy.array_equal(result, array * 2))
            result[0] = 5  # a writable array, as from plain pickle

    def test_a_store_that_dies_with_a_large_object_on_its_way_ends_the_wait(self):
        with stack.Stack(workers=1) as cluster, stack.temporary_folder() as folder:
            client = Client(address=cluster.address)
            begun = os.path.join(folder, "begun")
            future = client.submit(tell_and_return, begun, 200 * MEGABYTE)
            stack.wait_for(lambda: os.path.exists(begun), "the task did not begin")
            stopper = threading.Timer(0, cluster.storage.kill)
            stopper.start()
            with self.assertRaises(ObjectStorageException):
                future.result(60)
            stopper.join()
            client.disconnect()

    def test_a_worker_that_dies_with_a_large_argument_costs_nothing(self):
        with stack.Stack(workers=2) as cluster, stack.temporary_folder() as folder, \
                Client(address=cluster.address) as client:
            cluster.wait_workers(2)
            future = client.submit(die_once, os.path.join(folder, "died"), blob(100 * MEGABYTE, 1))
            self.assertEqual(future.result(100), 100 * MEGABYTE)

    def test_200_large_tasks_leave_nothing_behind(self):
        options = ["--object-retention-seconds", "1"]
        with stack.Stack(workers=2, scheduler_options=options) as cluster, Client(address=cluster.address) as client:
            cluster.wait_workers(2)
            data = blob(5 * MEGABYTE, 1)

            def run(count):
                for _ in range(count // 10):
                    futures = [client.submit(bytes, data) for _ in range(10)]
                    self.assertTrue(all(future.result(60) == data for future in futures))

            self.assertEqual(client.map(len, [b"x"] * 20), [1] * 20)
            pids = [os.getpid(), cluster.storage.pid, *stack.children_of(cluster.manager.pid)]
            before = {pid: descriptors_of(pid) for pid in pids}
            run(200)
            stack.wait_for(  # the store keeps some files for the next objects, but not for long
                lambda: {pid: descriptors_of(pid) for pid in pids} == before, "descriptors are left over", 30)
            self.assertEqual(resident(cluster.storage.pid, "RssShmem"), 0)
            stack.wait_for(  # what is kept for the next large object is bounded
                lambda: resident(cluster.storage.pid, "VmRSS") < 200 * MEGABYTE, "the store keeps too much memory")

    def test_a_memory_limit_holds_for_large_objects_of_the_same_host(self):
        size, count = 20 * MEGABYTE, 10
        with stack.temporary_folder() as folder:
            options = ["--memory-limit-bytes", str(3 * size), "--spill-directory", folder]
            with stack.Stack(workers=1, storage_options=options) as cluster, Client(address=cluster.address) as client:
                sent = [client.send_object(blob(size, number)) for number in range(count)]
                answers = [client.submit(digest, reference).result(60) for reference in sent]
                self.assertEqual(answers, [digest(blob(size, number)) for number in range(count)])
                held = resident(cluster.storage.pid, "VmRSS") + memory_files_of(cluster.storage.pid)[1]
                self.assertLess(held, 5 * size + 15 * MEGABYTE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
