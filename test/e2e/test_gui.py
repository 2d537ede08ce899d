"""The web page: its files, questions over HTTP, and live data over a WebSocket, for our scheduler and the peer's."""

import base64
import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import struct
import unittest

from scaler import Client

import peer
import stack
import versions


def square(x):
    return x * x


def fail(x):
    raise ValueError(x)


class Socket:
    """A page's side of a WebSocket: text frames, as they come."""

    def __init__(self, port, origin=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=stack.LIMIT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if origin:
            lines.append(f"Origin: {origin}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline() not in (b"\r\n", b""):
            pass
        self.bytes = 0

    def send(self, opcode, payload=b""):
        mask = os.urandom(4)
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
        self.socket.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def frame(self):
        """(opcode, payload), or None at the end."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        length = head[1]
        if length >= 126:
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
        payload = self.stream.read(length)
        self.bytes += len(payload)
        return head[0] & 15, payload

    def message(self):
        opcode, payload = self.frame()
        assert opcode == 1, (opcode, payload)
        return json.loads(payload)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()


class Page:
    """What a page knows after a snapshot and the messages since: workers by id, and tasks by number."""

    def __init__(self, snapshot):
        assert snapshot["type"] == "full_state" and snapshot["v"] == 1
        self.workers = {row["id"]: row for row in snapshot["workers"]}
        self.names = {kind: dict(pairs) for kind, pairs in snapshot["names"].items()}
        self.tasks = {row[0]: row for row in snapshot["tasks"]}
        self.scheduler = snapshot["scheduler"]
        self.sequence = snapshot["seq"]

    def apply(self, delta):
        assert "type" not in delta
        self.sequence = delta["seq"]
        for kind, pairs in delta.get("names", {}).items():
            self.names[kind].update(dict(pairs))
        workers = delta.get("workers", {})
        for row in workers.get("rows", ()):
            self.workers.setdefault(row["id"], {}).update(row)
        for worker in workers.get("gone", ()):
            del self.workers[worker]
        for row in delta.get("tasks", ()):
            self.tasks[row[0]] = row if len(row) > 7 else [*row, *self.tasks[row[0]][7:]]
        for row in delta.get("scheduler", {}).get("rows", ()):
            self.scheduler.update(row)

    @property
    def connected(self):
        return self.scheduler["connected"]

    def counted(self):
        """Of tasks that ended, as the scheduler counts them."""
        return [self.scheduler["states"].get(state) for state in ("success", "failed")]

    def ended(self, function):
        """How the tasks of a function ended."""
        return [row[4] for row in self.tasks.values() if row[3] and self.names["functions"][row[8]] == function]


SUCCESS, FAILED = 4, 5


class Gui:
    """scaler_gui beside whatever publishes at an address."""

    def __init__(self, monitor_address, *options):
        (self.port,) = stack.free_ports(1)
        self.role = stack.Role("gui", monitor_address, "--gui-address", f"127.0.0.1:{self.port}", *options)
        self.role.wait_for_line("gui: open http://127.0.0.1")

    def ask(self, path, method="GET", headers=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=stack.LIMIT_S)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def socket(self, **options):
        return Socket(self.port, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.role.kill()
        self.role.process.stdout.close()


class WebPage(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)

    def tearDown(self):
        signal.alarm(0)

    # ---- alone: nobody publishes ----

    def test_the_page_and_its_files_come_packed_or_plain_and_once(self):
        with Gui("tcp://127.0.0.1:9") as gui:
            status, headers, page = gui.ask("/")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
            names = {part.split('"')[0] for part in page.decode().split('="/')[1:]} - {"api/state"}
            self.assertLessEqual({"app.js", "style.css", "icon.svg"}, names)
            for name in names:
                _, plain_headers, plain = gui.ask(f"/{name}")
                status, headers, packed = gui.ask(f"/{name}", headers={"Accept-Encoding": "gzip"})
                self.assertEqual((status, headers["Content-Encoding"], gzip.decompress(packed)), (200, "gzip", plain))
                self.assertNotEqual(headers["ETag"], plain_headers["ETag"])
                again = gui.ask(f"/{name}", headers={"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]})
                self.assertEqual((again[0], again[2]), (304, b""))
            self.assertEqual(gui.ask("/", "HEAD")[2], b"")
            for script in (name for name in names if name.endswith(".js")):
                for part in gui.ask(f"/{script}")[2].decode().split("from './")[1:]:
                    self.assertEqual(gui.ask("/" + part.split("'")[0])[0], 200)
            self.assertEqual(gui.role.stop(), 0)

    def test_what_is_not_there_is_refused_in_its_way(self):
        with Gui("tcp://127.0.0.1:9") as gui:
            self.assertEqual(gui.ask("/docs")[0], 404)
            self.assertEqual(gui.ask("/../app.js")[0], 404)
            self.assertEqual(gui.ask("/", "POST")[0], 405)
            self.assertEqual(gui.ask("/", headers={"X": "x" * 9000})[0], 431)
            self.assertEqual(gui.ask("/ws")[0], 426)
            status, _, body = gui.ask("/healthz")
            self.assertEqual(status, 503, body)
            self.assertIn(b"\nscaler_up 0\n", gui.ask("/metrics")[2])
            self.assertEqual(json.loads(gui.ask("/api/state")[2])["workers"], [])

    def test_only_pages_of_ours_may_listen(self):
        with Gui("tcp://127.0.0.1:9", "--allow-origin", "http://dash.example") as gui:
            for origin, status in ((f"http://127.0.0.1:{gui.port}", 101), ("http://dash.example", 101),
                                   ("http://evil.example", 403), (None, 101)):
                with gui.socket(origin=origin) as page:
                    self.assertEqual(page.status, status)

    def test_a_page_is_answered_and_a_rude_one_is_told_why_it_must_go(self):
        with Gui("tcp://127.0.0.1:9") as gui:
            with gui.socket() as page:
                self.assertFalse(Page(page.message()).connected)
                page.send(9, b"are you there")
                frames = iter(page.frame, None)
                self.assertEqual(next(frame for frame in frames if frame[0] != 1), (10, b"are you there"))
                page.send(1, b'{"type": "settings", "stream_window": "x"}')  # as the peer's page says; ours keeps its own
                page.send(2, b"\0")
                last = list(frames)[-1]
                self.assertEqual(last, (8, struct.pack(">H", 1003)))
            with gui.socket() as page:
                page.message()
                gui.role.process.send_signal(signal.SIGTERM)
                self.assertEqual(list(iter(page.frame, None))[-1], (8, struct.pack(">H", 1001)))
            self.assertEqual(gui.role.wait_exit(), 0)

    def test_a_taken_port_is_said_and_ends_it(self):
        with Gui("tcp://127.0.0.1:9") as gui:
            other = stack.Role("gui", "tcp://127.0.0.1:9", "--gui-address", f"127.0.0.1:{gui.port}")
            other.wait_for_line("EROR.*in use")
            self.assertEqual(other.wait_exit(), 1)
            other.process.stdout.close()

    # ---- with a scheduler ----

    def follow(self, page, view, wanted):
        while not wanted(view):
            delta = page.message()
            self.assertEqual(delta["seq"], view.sequence + 1)
            view.apply(delta)

    def run_tasks(self, address):
        with Client(address, profiling=True) as client:
            futures = [client.submit(square, i) for i in range(20)]
            self.assertEqual([future.result() for future in futures], [i * i for i in range(20)])
            with self.assertRaises(ValueError):
                client.submit(fail, 1).result()

    def check_cluster(self, gui, address, workers):
        """Tasks and workers reach a page that was there before, and one that comes later."""
        with gui.socket() as page:
            view = Page(page.message())
            self.follow(page, view, lambda view: view.connected and len(view.workers) == workers)
            self.run_tasks(address)
            self.follow(page, view, lambda view: view.ended("square") == [SUCCESS] * 20 and view.ended("fail") == [FAILED])
            self.follow(page, view, lambda view: view.counted() == [20, 1])
            for row in view.tasks.values():
                self.assertIsNotNone(row[5])  # measured
                self.assertLessEqual(row[2], row[3])
                self.assertIn(view.names["workers"][row[1]], view.workers)
            with gui.socket() as other:
                later = Page(other.message())
            self.assertEqual(later.ended("square"), [SUCCESS] * 20)
            self.assertEqual(set(later.workers), set(view.workers))
        state = json.loads(gui.ask("/api/state")[2])
        self.assertEqual({entry["function"] for entry in state["task_log"]}, {"square", "fail"})
        self.assertEqual(len(state["workers"]), workers)
        self.assertEqual(gui.ask("/healthz")[0], 200)
        metrics = gui.ask("/metrics")[2].decode()
        self.assertIn(f"\nscaler_workers {workers}\n", metrics)
        self.assertIn('\nscaler_tasks{state="success"} 20\n', metrics)
        self.assertIn('\nscaler_tasks{state="failed"} 1\n', metrics)

    def test_our_cluster_and_its_scheduler_started_again(self):
        with stack.Stack(workers=2) as cluster, Gui(cluster.monitor_address) as gui:
            self.check_cluster(gui, cluster.address, 2)
            with gui.socket() as page:
                view = Page(page.message())
                cluster.scheduler.kill()
                self.follow(page, view, lambda view: not view.connected)
                options = ["--monitor-address", cluster.monitor_address, "--object-storage-address", cluster.storage_address]
                again = stack.Role("scheduler", cluster.address, *options)
                self.addCleanup(again.process.stdout.close)
                self.addCleanup(again.kill)
                self.follow(page, view, lambda view: view.connected)
            self.assertEqual(gui.role.stop(), 0)

    def test_what_a_task_costs_on_the_way_to_a_page_is_little(self):
        """At 150 tasks a second this is less than 40 KiB a second."""
        tasks = 450
        with stack.Stack(workers=3) as cluster, Gui(cluster.monitor_address) as gui, gui.socket() as page:
            view = Page(page.message())
            self.follow(page, view, lambda view: len(view.workers) == 3)
            before = page.bytes
            with Client(cluster.address, profiling=True) as client:
                for future in [client.submit(square, i) for i in range(tasks)]:
                    future.result()
                self.follow(page, view, lambda view: len(view.ended("square")) == tasks)
            self.assertLess(page.bytes - before, tasks * 40 * 1024 // 150)

    def test_a_page_that_does_not_read_costs_no_other(self):
        with stack.Stack(workers=1) as cluster, Gui(cluster.monitor_address) as gui:
            with gui.socket() as lazy, gui.socket() as page:
                view = Page(page.message())
                self.run_tasks(cluster.address)
                self.follow(page, view, lambda view: view.ended("square") == [SUCCESS] * 20)
                self.assertEqual(lazy.message()["type"], "full_state")

    @unittest.skipIf(versions.OURS, "the peer's scheduler runs in its own environment")
    def test_the_peers_cluster(self):
        with contextlib.ExitStack() as cleanup:
            address, storage_address, monitor_address = (f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3))
            cleanup.callback(peer.storage(storage_address).kill)
            cleanup.callback(peer.scheduler(address, storage_address, monitor_address).kill)
            gui = cleanup.enter_context(Gui(monitor_address))
            gui.role.wait_for_line("connected to the monitor stream")
            cleanup.callback(peer.manager(address, 2).kill)
            self.check_cluster(gui, address, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
