"""What the client's own process takes of memory for many tasks, and that it gives it back."""

import gc
import pathlib
import signal
import subprocess
import threading
import time
import unittest

from scaler import Client, SchedulerClusterCombo
from scaler.cluster.program import find_program
from scaler.utility.network_util import get_available_tcp_port

QUIET = {"logging_paths": ("/dev/null",)}
QUIET_OPTIONS = ("--logging-paths", "/dev/null")
PAUSE_S = 0.05


def status_bytes(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"no {field} in the status of a process")


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def smallest(measure, wanted, limit_s=15):
    """The value of measure() once it is at most `wanted`, or after `limit_s` the last one."""
    end = time.monotonic() + limit_s
    while (value := measure()) > wanted and time.monotonic() < end:
        time.sleep(PAUSE_S)
    return value


def same(value):
    return value


class Memory(unittest.TestCase):
    def cluster(self, workers):
        combo = SchedulerClusterCombo(n_workers=workers, **QUIET)
        self.addCleanup(combo.shutdown)
        client = Client(address=combo.get_address())
        self.addCleanup(client.disconnect)
        return client

    def test_a_future_that_waits_takes_few_bytes(self):
        client = self.cluster(0)
        count, wanted = 20_000, 450
        futures = [client.submit(same, i) for i in range(1_000)]
        gc.collect()
        before = status_bytes("VmRSS")
        futures += [client.submit(same, i) for i in range(count)]
        self.assertLessEqual(smallest(lambda: (status_bytes("VmRSS") - before) / count, wanted), wanted)

    def test_a_large_map_takes_little_and_leaves_nothing(self):
        client = self.cluster(2)
        count, peak_wanted, left_wanted = 50_000, 700, 20 << 20
        client.map(same, range(1_000))
        gc.collect()
        before = status_bytes("VmRSS")
        forget_peak()
        results = client.map(same, range(count))
        self.assertEqual(results, list(range(count)))
        self.assertLessEqual((status_bytes("VmHWM") - before) / count, peak_wanted)
        del results
        gc.collect()
        self.assertLessEqual(smallest(lambda: status_bytes("VmRSS") - before, left_wanted), left_wanted)

    def test_a_program_that_is_faster_than_its_scheduler_waits_for_it(self):
        address = f"tcp://127.0.0.1:{get_available_tcp_port()}"
        scheduler = subprocess.Popen([find_program(), "scheduler", address, *QUIET_OPTIONS])
        self.addCleanup(scheduler.wait)
        self.addCleanup(scheduler.kill)
        client = Client(address=address)
        self.addCleanup(client.disconnect)
        client.send_object(0)
        scheduler.send_signal(signal.SIGSTOP)
        before = status_bytes("VmRSS")
        program = threading.Thread(target=lambda: [client.submit(same, i) for i in range(100_000)], daemon=True)
        program.start()
        program.join(1)
        self.assertTrue(program.is_alive())
        self.assertLessEqual(status_bytes("VmRSS") - before, 60 << 20)
        scheduler.send_signal(signal.SIGCONT)
        program.join(30)
        self.assertFalse(program.is_alive())


if __name__ == "__main__":
    unittest.main()
