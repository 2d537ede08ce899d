"""Every kind of address that the documents allow, in whole clusters, and every spelling that starts a scheduler."""

import contextlib
import os
import pathlib
import socket
import subprocess
import unittest

from scaler import Client

import peer
import stack
from limited import Limited
from test_client import square
from versions import CLIENT, OURS, map_with


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def resolves_localhost():
    """False on a machine without a hosts file, where ours know that name and the peer's do not."""
    with contextlib.suppress(OSError):
        return bool(socket.getaddrinfo("localhost", None))
    return False


def free_port():
    return stack.free_ports(1)[0]


class Clusters(Limited):
    """Store, scheduler and a manager of ours at the given addresses, and a client of whichever package runs this."""

    def setUp(self):
        super().setUp()
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def role(self, *words, ready):
        role = stack.Role(*words)
        self.addCleanup(role.process.stdout.close)
        self.start(role)
        role.wait_for_line(ready)
        return role

    def cluster(self, bind, storage, monitor, reach=None, storage_reach=None):
        """The three roles; `reach` says where others find a listener whose own words are no place to go to."""
        reach = reach or bind
        store = self.role("object_storage_server", storage, ready="started")
        scheduler = self.role("scheduler", bind, "-osa", storage_reach or storage, "-ma", monitor, ready="monitor address")
        manager = self.role("worker_manager", "baremetal_native", reach, "-wmi", "wm", "--mode", "fixed", "-mtc", "1",
                            ready=r"Worker\[0\] started")
        return manager, scheduler, store

    def told(self, *words):
        done = subprocess.run([stack.binary(), *words], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""), (words, done.stdout))
        return done.stdout

    def serves(self, address, roles, monitor=None):
        """A client's tasks run, questions are answered, and all ends in order."""
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(20)), [i * i for i in range(20)])
            payload = bytes(3_000_000)
            self.assertEqual(client.submit(len, payload).result(), len(payload))
            self.assertRegex(self.told("status", address), "(?m)^workers +1 worker ")
        if monitor:
            self.assertRegex(self.told("workers", monitor), "Worker.FIX")
        for role in roles:
            self.assertEqual(role.stop(), 0, "\n".join(role.lines))

    def test_a_scheduler_and_its_monitor_on_files(self):
        address, monitor = f"ipc://{self.folder}/scheduler", f"ipc://{self.folder}/monitor"
        roles = self.cluster(address, f"tcp://127.0.0.1:{free_port()}", monitor)
        self.serves(address, roles, monitor)
        self.assertEqual(os.listdir(self.folder), [])  # the sockets' files are gone

    @unittest.skipIf(CLIENT >= (2, 6), "the peer's client of 2.6 resolves no names")
    @unittest.skipUnless(OURS or resolves_localhost(), "the peer's client needs a hosts file")
    def test_names_that_resolve(self):
        address, storage, monitor = (f"tcp://localhost:{free_port()}" for _ in range(3))
        self.serves(address, self.cluster(address, storage, monitor), monitor)

    def test_listening_everywhere(self):
        ports = stack.free_ports(3)
        for everywhere in ("*", "0.0.0.0"):
            with self.subTest(everywhere):
                bind, storage, monitor = (f"tcp://{everywhere}:{port}" for port in ports)
                reach, storage_reach, monitor_reach = (f"tcp://127.0.0.1:{port}" for port in ports)
                roles = self.cluster(bind, storage, monitor, reach, storage_reach)
                self.serves(reach, roles, monitor_reach)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    @unittest.skipUnless(OURS, "the peer's clients do not speak IPv6")
    def test_ipv6(self):
        address, storage, monitor = (f"tcp://[::1]:{free_port()}" for _ in range(3))
        self.serves(address, self.cluster(address, storage, monitor), monitor)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_everywhere_is_ipv6_too_and_a_scheduler_of_both_serves_both(self):
        port, storage_port, monitor_port = stack.free_ports(3)
        bind, storage, monitor = (f"tcp://[::]:{number}" for number in (port, storage_port, monitor_port))
        roles = self.cluster(bind, storage, monitor, f"tcp://[::1]:{port}", f"tcp://127.0.0.1:{storage_port}")
        self.serves(f"tcp://127.0.0.1:{port}", roles, f"tcp://[::1]:{monitor_port}")

    def test_a_name_that_does_not_resolve_is_said(self):
        manager = self.start(stack.Role("worker_manager", "baremetal_native", "tcp://no-such-host.invalid:7001", "-wmi", "wm"))
        manager.wait_for_line(r"WARN.*cannot reach scheduler tcp://no-such-host\.invalid:7001 \(")
        self.assertEqual(manager.stop(), 0)


@unittest.skipIf(OURS or CLIENT < (2, 0), "for the peer's roles")
class Spellings(Limited):
    """The peer's client, worker manager and terminal monitor find our scheduler however it was started."""

    def spellings(self, folder):
        """Name: (program, words before the addresses)."""
        link = pathlib.Path(folder) / "scaler_scheduler"
        link.symlink_to(stack.binary())
        return {
            "scaler scheduler": (stack.binary(), ["scheduler"]),
            "scaler_scheduler": (str(link), []),
            "scaler scaler_scheduler": (stack.binary(), ["scaler_scheduler"]),
        }

    def start_by(self, name, folder, address, storage, monitor):
        if name in self.spellings_of:
            program, words = self.spellings_of[name]
            return stack.Role(*words, address, "-osa", storage, "-ma", monitor, program=program)
        file = pathlib.Path(folder) / "cluster.toml"
        file.write_text(f'[scheduler]\nbind_address = "{address}"\nobject_storage_address = "{storage}"\n'
                        f'monitor_address = "{monitor}"\n')
        return stack.Role(str(file)) if name == "scaler FILE" else stack.Role("scheduler", "--config", str(file))

    def test_each_spelling_of_our_scheduler_serves_the_peers_roles(self):
        with stack.temporary_folder() as folder:
            self.spellings_of = self.spellings(folder)
            for name in (*self.spellings_of, "scaler scheduler --config FILE", "scaler FILE"):
                with self.subTest(name):
                    address, storage, monitor = (f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3))
                    store = self.start(stack.Role("object_storage_server", storage))
                    store.wait_for_line("started")
                    scheduler = self.start(self.start_by(name, folder, address, storage, monitor))
                    scheduler.wait_for_line("monitor address")
                    self.start(peer.manager(address, 1))
                    screen = peer.Screen(monitor)
                    try:
                        with Client(address=address) as client:
                            self.assertEqual(map_with(client, square, range(10)), [i * i for i in range(10)])
                        screen.wait_for("task_manager", "WorkerHeartbeat", "FIX|")
                    finally:
                        screen.close()
                    self.assertEqual(scheduler.stop(), 0)
                    self.assertEqual(store.stop(), 0)
                    self.doCleanups()


if __name__ == "__main__":
    unittest.main(verbosity=2)
