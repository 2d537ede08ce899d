"""Hostile bytes, deaths and impossible starts: each costs itself only, one clear line, and nothing that runs exits."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

from scaler import Client

import stack
from test_client import announce_and_nap, nap, square, wait_for_file
from versions import map_with

CLIENT_HEARTBEAT = bytes.fromhex(  # one segment of 7 words: kind 7, latency 0, CPU 0, 41,340,928 bytes resident
    "0000000007000000" "0000000001000100" "0700000000000000" "0000000001000100"
    "0000000000000000" "0000000002000000" "0000000000000000" "00d0760200000000"
)
ZMTP_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + b"\x00" + bytes(31)


def zmtp_ready(identity):
    body = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity" + len(identity).to_bytes(4, "big") + identity
    return b"\x04" + bytes([len(body)]) + body


def hostile_inputs(seed):
    """What a port scanner, a broken peer and an attacker send."""
    noise = random.Random(seed)
    yield b""
    yield b"\x00"
    yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"SSH-2.0-OpenSSH_9.2\r\n"
    yield ZMTP_GREETING[:20]
    yield ZMTP_GREETING
    yield ZMTP_GREETING[:11] + b"\x09" + ZMTP_GREETING[12:]
    yield ZMTP_GREETING[:12] + b"PLAIN" + ZMTP_GREETING[17:]
    yield ZMTP_GREETING + b"\x04\xff" + noise.randbytes(255)
    yield ZMTP_GREETING + zmtp_ready(b"Client|x") + b"\x02" + (2**63).to_bytes(8, "big") + b"tiny"
    yield ZMTP_GREETING + zmtp_ready(b"Client|x") + b"\x00\x10" + b"\xff" * 16
    yield ZMTP_GREETING + zmtp_ready(b"\xff\xfe") + b"\x00\x08" + b"\xff\xff\xff\xff" + bytes(4)
    yield ZMTP_GREETING + zmtp_ready(b"Client|y") + b"\x01\x01a\x00\x01b"
    yield b"YMQ\x01" + (2**62).to_bytes(8, "little") + b"z"
    yield b"YMQ\x01" + (4).to_bytes(8, "little") + b"evil" + (80).to_bytes(8, "little") + noise.randbytes(80)
    yield b"YMQ\x01" + (4).to_bytes(8, "little") + b"evil" + (2**60).to_bytes(8, "little") + noise.randbytes(500)
    for _ in range(40):
        yield noise.randbytes(noise.randrange(1, 3000))
        yield ZMTP_GREETING + zmtp_ready(b"Client|noise") + b"\x00\x40" + noise.randbytes(64)


def pour(address, seed, stop):
    """Sends every hostile input, again and again, half of the time hanging up at once."""
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    sent = 0
    while not stop.is_set():
        for payload in hostile_inputs(seed + sent):
            if stop.is_set():
                break
            with socket.create_connection((host, int(port)), timeout=10) as peer:
                peer.settimeout(0.02)
                try:
                    peer.sendall(payload)
                    if sent % 2:
                        peer.recv(64)
                except OSError:
                    pass
            sent += 1
    return sent


class HostileBytes(unittest.TestCase):
    def test_a_map_completes_while_both_ports_are_flooded_with_rubbish(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            stop = threading.Event()
            floods = [
                threading.Thread(target=pour, args=(address, seed, stop))
                for seed, address in enumerate([cluster.address, cluster.storage_address, cluster.monitor_address])
            ]
            for flood in floods:
                flood.start()
            try:
                with Client(address=cluster.address) as client:
                    for _ in range(3):
                        self.assertEqual(map_with(client, square, range(500)), [i * i for i in range(500)])
            finally:
                stop.set()
                for flood in floods:
                    flood.join()
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})
            for role in (cluster.scheduler, cluster.storage):
                self.assertLess(len(role.lines), 400, "the log is rate-limited")

    def test_a_lying_length_costs_no_memory(self):
        with stack.Stack(workers=0) as cluster:
            peers = []
            for address in (cluster.address, cluster.storage_address):
                host, port = address.removeprefix("tcp://").rsplit(":", 1)
                for _ in range(20):
                    peer = socket.create_connection((host, int(port)))
                    peer.sendall(b"YMQ\x01" + (4).to_bytes(8, "little") + b"liar" + (2**29).to_bytes(8, "little") + b"x")
                    peers.append(peer)
            probe = Client(address=cluster.address)  # its echo comes after the lies were read
            probe.disconnect()
            for role in (cluster.scheduler, cluster.storage):
                self.assertLess(resident_mb(role.pid), 60)
            for peer in peers:
                peer.close()


    def test_a_peer_that_never_reads_its_answers_costs_a_bounded_amount(self):
        with stack.Stack(workers=0) as cluster:
            host, port = cluster.address.removeprefix("tcp://").rsplit(":", 1)
            batch = (b"\x00" + bytes([len(CLIENT_HEARTBEAT)]) + CLIENT_HEARTBEAT) * 1000
            with socket.create_connection((host, int(port))) as deaf:
                deaf.sendall(ZMTP_GREETING + zmtp_ready(b"Client|deaf"))
                deaf.settimeout(2)
                with self.assertRaises(OSError, msg="its requests are no longer read"):
                    for _ in range(20_000):
                        deaf.sendall(batch)
                self.assertLess(resident_mb(cluster.scheduler.pid), 400)
                Client(address=cluster.address).disconnect()  # others are served


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


class Deaths(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)

    def tearDown(self):
        signal.alarm(0)

    def test_a_client_killed_in_mid_map_costs_nobody_else(self):
        with stack.Stack(workers=2, scheduler_options=["--client-timeout-seconds", "3"]) as cluster, \
                stack.temporary_folder() as folder:
            cluster.wait_workers(2)
            program = (
                "import sys, time; sys.path.insert(0, sys.argv[2])\n"
                "from scaler import Client\n"
                "from test_client import announce_and_nap\n"
                "from versions import map_with\n"
                "import os\n"
                "c = Client(address=sys.argv[1])\n"
                "n = 50\n"
                "map_with(c, announce_and_nap, [os.path.join(sys.argv[3], f's{i}') for i in range(n)], [sys.argv[3] + '/never'] * n)\n"
            )
            victim = subprocess.Popen([sys.executable, "-c", program, cluster.address, os.path.dirname(__file__), folder])
            wait_for_file(os.path.join(folder, "s0"))
            wait_for_file(os.path.join(folder, "s1"))
            victim.kill()
            victim.wait()
            cluster.scheduler.wait_for_line(r"ClientID\(.*\) (timed out|disconnected|timeout)", limit_s=20)
            open(os.path.join(folder, "never"), "w").close()  # what runs may end; what waits was cancelled
            with Client(address=cluster.address) as client:
                self.assertEqual(map_with(client, square, range(100)), [i * i for i in range(100)])
            self.assertFalse(os.path.exists(os.path.join(folder, "s49")))
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_worker_killed_in_mid_map_loses_no_task(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            with Client(address=cluster.address) as client:
                futures = [client.submit(nap, 0.01) for _ in range(200)]
                futures[3].result()
                agents = [pid for pid in stack.children_of(cluster.manager.pid) if "worker" in stack.command_of(pid)[1:2]]
                os.kill(agents[0], signal.SIGKILL)
                for future in futures:
                    self.assertIsNone(future.result(timeout=60))
            self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_manager_killed_leaves_no_process(self):
        with stack.Stack(workers=2) as cluster:
            cluster.wait_workers(2)
            with Client(address=cluster.address) as client:
                client.submit(square, 1).result()
                family = stack.children_of(cluster.manager.pid)
                self.assertGreaterEqual(len(family), 4)
                cluster.manager.kill()
                deadline = time.monotonic() + 10
                while stack.living(family) and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertEqual(stack.living(family), [])

    def test_the_programs_file_may_be_renamed_and_deleted_while_it_runs(self):
        with stack.temporary_folder() as folder:
            program = os.path.join(folder, "scaler-next")
            shutil.copy(stack.binary(), program)
            with unittest.mock.patch.dict(os.environ, SCALER_BINARY=program), stack.Stack(workers=1) as cluster:
                cluster.wait_workers(1)
                os.remove(program)
                for pid in stack.children_of(cluster.manager.pid):
                    os.kill(pid, signal.SIGKILL)
                with Client(address=cluster.address) as client:
                    self.assertEqual(client.submit(square, 3).result(timeout=60), 9)
                self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_sighup_opens_the_logs_anew_and_stops_nothing(self):
        with stack.temporary_folder() as folder:
            log = os.path.join(folder, "log")
            with stack.Stack(workers=1, scheduler_options=["--logging-paths", "/dev/stdout", log]) as cluster:
                cluster.wait_workers(1)
                os.rename(log, log + ".1")
                for role in cluster.roles():
                    os.kill(role.pid, signal.SIGHUP)
                wait_for_file(log)
                with Client(address=cluster.address) as client:
                    self.assertEqual(client.submit(square, 3).result(timeout=60), 9)
                self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_client_waits_through_a_pause_of_the_scheduler(self):
        with stack.Stack(workers=1) as cluster, stack.temporary_folder() as folder:
            cluster.wait_workers(1)
            with Client(address=cluster.address) as client:
                start, finish = os.path.join(folder, "start"), os.path.join(folder, "finish")
                future = client.submit(announce_and_nap, start, finish)
                wait_for_file(start)
                os.kill(cluster.scheduler.pid, signal.SIGSTOP)
                open(finish, "w").close()
                os.kill(cluster.scheduler.pid, signal.SIGCONT)
                self.assertEqual(future.result(timeout=30), finish)


class ImpossibleStarts(unittest.TestCase):
    """One line on the output, the right exit code, nothing left running."""

    def check(self, arguments, code, *needles):
        role = stack.Role(*arguments)
        self.assertEqual(role.wait_exit(20), code, role.lines)
        complaints = [line for line in role.lines if not line.startswith(("[INFO]", "[WARN]"))] or role.lines[-1:]
        self.assertEqual(len(complaints), 1, role.lines)
        for needle in needles:
            self.assertIn(needle, complaints[0])
        self.assertEqual(stack.children_of(role.pid), [])

    def test_a_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            address = f"tcp://127.0.0.1:{holder.getsockname()[1]}"
            self.check(["object_storage_server", address], 1, address)
            self.check(["scheduler", address], 1, address)

    def test_an_address_that_cannot_be_resolved(self):
        self.check(["object_storage_server", "tcp://no-such-host.invalid:6379"], 1, "no-such-host.invalid")
        self.check(["scheduler", "tcp://no-such-host.invalid:6378"], 1, "no-such-host.invalid")

    def test_wrong_usage(self):
        self.check(["scheduler"], 2)
        self.check(["scheduler", "127.0.0.1:80"], 2, "127.0.0.1:80")
        self.check(["scheduler", "tcp://127.0.0.1:0", "--client-timeout-seconds", "0"], 2, "client-timeout-seconds")
        self.check(["scheduler", "tcp://127.0.0.1:0", "--no-such-option"], 2, "no-such-option")
        self.check(["worker_manager", "baremetal_native", "tcp://127.0.0.1:1", "--mode", "fixed"], 2, "worker-manager-id")
        self.check(["worker_manager", "no_such_kind", "tcp://127.0.0.1:1"], 2, "no_such_kind")
        self.check(["no_such_role"], 2, "no_such_role")

    def test_an_environment_that_is_none(self):
        words = ["worker_manager", "baremetal_native", "tcp://127.0.0.1:1", "--worker-manager-id", "wm", "--mode", "fixed",
                 "--max-task-concurrency", "2"]
        self.check([*words, "--python-env", "/tmp"], 2, "/tmp is not a virtual environment")
        with unittest.mock.patch.dict(os.environ, VIRTUAL_ENV="/no/such/folder"):
            self.check(words, 2, "VIRTUAL_ENV: /no/such/folder does not exist")


if __name__ == "__main__":
    unittest.main(verbosity=2)
