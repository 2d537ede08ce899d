"""`scaler_top` on a terminal of its own, against our scheduler and the peer's of two releases."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import unittest

from scaler import Client

import peer
import stack
import terminal
from versions import CLIENT


def square(number):
    return number * number


def run(*words, env=None):
    """Exit code, standard output, standard error of scaler_top."""
    done = subprocess.run([stack.binary(), "top", *words], capture_output=True, text=True, timeout=stack.LIMIT_S,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Case(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        self.addCleanup(signal.alarm, 0)

    def top(self, address, *words, **options):
        screen = terminal.Terminal(stack.binary(), "top", address, *words, **options)
        self.addCleanup(screen.close)
        return screen

    def ends(self, screen, code=0):
        self.assertEqual(screen.wait_exit(), code, screen.written[-2000:])
        self.assertTrue(screen.is_restored(), (screen.grid.modes, screen.written[-300:]))


class OnOurs(Case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = stack.Stack(workers=2)
        cls.addClassCleanup(cls.cluster.__exit__)
        cls.cluster.wait_workers(2)
        with Client(address=cls.cluster.address) as client:
            assert client.map(square, [(i,) for i in range(20)] if CLIENT < (2, 0) else range(20)) is not None

    def test_one_picture_as_text_and_one_state_as_json(self):
        for words in ((), ("--once",)):
            code, out, err = run(self.cluster.monitor_address, *words)
            self.assertEqual((code, err), (0, ""))
            self.assertNotIn("\x1b", out)
            self.assertIn("Total 1 manager(s) with 2 worker(s)\n", out)
            self.assertRegex(out, r"\| +success 20 \|")
            self.assertEqual(len(re.findall(r"^ *wm-test +Worker\|FIX\|", out, re.MULTILINE)), 2)
        code, out, err = run(self.cluster.monitor_address, "--json")
        self.assertEqual((code, err), (0, ""))
        state = json.loads(out)
        self.assertEqual(state["tasks"]["success"], 20)
        self.assertEqual([worker["worker_manager_id"] for worker in state["workers"]], ["wm-test"] * 2)

    def test_a_reader_that_ends_early_is_no_failure(self):
        top = subprocess.Popen([stack.binary(), "top", self.cluster.monitor_address], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        top.stdout.close()
        self.assertEqual((top.wait(stack.LIMIT_S), top.stderr.read()), (0, b""))
        top.stderr.close()

    def test_each_key_shows_at_once_what_it_does(self):
        screen = self.top(self.cluster.monitor_address)
        screen.see(r"\[cpu\]")
        for key, seen in (("w", r"\[sent\]"), ("n", r"\[worker\]"), ("F", r"\[os_rss_free\]"), (">", r"\[free\]"),
                          ("<", r"\[os_rss_free\]"), ("?", "Any key goes back"), (" ", "^Shortcuts"),
                          ("2", "workers max pending"), ("3", "Total 0 client"), ("1", "ITL$"), ("/x+y", r"^/x\+y_$"),
                          ("\r", r"^only 'x\+y'"), ("/\x7f\x7f\x7f\r", r"^$\n^Total"), ("p", "^paused, "),
                          ("p", r"^$\n^Total"), ("+", "^every 2 s")):
            before = len(screen.written)
            screen.press(key)
            screen.see(seen)
            self.assertGreater(len(screen.written), before, key)
        screen.press("q")
        self.ends(screen)

    def test_only_what_changes_is_written(self):
        screen = self.top(self.cluster.monitor_address)
        screen.see(r"\[cpu\]")
        before = len(screen.written)
        screen.press("w")
        screen.see(r"\[sent\]")
        self.assertLess(len(screen.written) - before, 1500)  # of a screen of 4800
        self.assertNotIn("\x1b[2J", screen.written[before:])

    def test_escape_interrupt_and_stop_signals_end_it_and_restore_the_terminal(self):
        for what in ("\x1b", "q", "\x03", "\x1c", signal.SIGTERM, signal.SIGHUP):
            with self.subTest(what=what):
                screen = self.top(self.cluster.monitor_address)
                screen.see(r"\[cpu\]")
                self.assertFalse(screen.is_restored())
                screen.press(what) if isinstance(what, str) else screen.signal(what)
                self.ends(screen)

    def test_a_crash_restores_the_terminal(self):
        for number in (signal.SIGABRT, signal.SIGSEGV):
            screen = self.top(self.cluster.monitor_address)
            screen.see(r"\[cpu\]")
            screen.signal(number)
            self.ends(screen, -number)

    def test_it_fits_any_size_while_it_changes(self):
        screen = self.top(self.cluster.monitor_address, columns=190, rows=45)
        screen.see(r"ITL \| ")
        for columns, rows, seen in ((120, 40, "ITL$"), (80, 24, r"\[cpu\]"), (40, 10, r"2 worker\(s\)"), (9, 3, "worker"),
                                    (1, 1, ""), (300, 60, r"ITL \| ")):
            screen.resize(columns, rows)
            screen.see(seen)

    def test_a_suspended_one_gives_the_terminal_back_and_comes_again(self):
        shell = self.top_under_a_shell()
        shell.see(r"\[cpu\]")
        shell.press("\x1a")
        shell.wait_for(lambda _: "Stopped" in shell.written, "it is stopped")
        self.assertNotIn("?1049", shell.grid.modes)
        shell.press("fg\r")
        shell.wait_for(lambda text: "[cpu]" in text and "?1049" in shell.grid.modes, "it draws again")
        shell.press("w")
        shell.see(r"\[sent\]")
        shell.press("q")
        shell.wait_for(lambda _: "?1049" not in shell.grid.modes, "it ends")
        shell.press("echo code=$?\r")
        shell.wait_for(lambda _: "code=0" in shell.written, "it ended well")

    def top_under_a_shell(self):
        screen = terminal.Terminal("bash", "--norc", "--noprofile", "-i", env={"PS1": "ready$ "})
        self.addCleanup(screen.close)
        screen.see(r"ready\$")
        screen.press(f"{stack.binary()} top {self.cluster.monitor_address}\r")
        return screen

    def test_a_terminal_that_cannot_be_drawn_on_is_refused_in_one_line(self):
        for kind in ("dumb", ""):
            screen = self.top(self.cluster.monitor_address, env={"TERM": kind})
            self.assertEqual(screen.wait_exit(), 1)
            self.assertRegex(screen.written, r"^scaler_top: cannot draw on this terminal \(TERM is .*\); --once writes")
            self.assertEqual(screen.written.split("end of")[0].count("\n"), 1)

    def test_an_address_that_is_no_monitors_gets_a_sentence_that_helps(self):
        for address, says in ((self.cluster.address, "publishes no scheduler's state within 1 s; the monitor address is"),
                              (self.cluster.storage_address, "publishes no scheduler's state within 1 s; the monitor"),
                              ("tcp://127.0.0.1:1", "no scheduler's monitor answers at .*: connection refused")):
            code, out, err = run(address, "-t", "1")
            self.assertEqual((code, out, len(err.splitlines())), (1, "", 1), err)
            self.assertRegex(err, says)

    def test_it_agrees_with_the_peers(self):
        theirs = peer.Screen(self.cluster.monitor_address)
        self.addCleanup(theirs.close)
        theirs.wait_for("task_manager", "num_of_objs", "FIX|")
        theirs.wait_for("ITL")
        ours = self.top(self.cluster.monitor_address, columns=240, rows=60)
        ours.see("FIX")

        def agree():  # each draws when it likes
            grid = terminal.Grid(240, 60)
            grid.feed(theirs.text)
            with contextlib.suppress(TypeError):  # one that is half drawn lacks some of it
                return shared_facts(grid.text()) == shared_facts(ours.text)
            return False

        stack.wait_for(agree, "the two screens differ")


def shared_facts(text):
    """What both screens must say alike of a cluster at rest; their names of states differ, and ours shows names whole."""
    return {
        "objects": re.search(r"num_of_objs +(\d+)", text)[1],
        "success": re.search(r"success +(\d+)", text, re.IGNORECASE)[1],
        "total": re.search(r"^Total .*$", text, re.MULTILINE)[0],
        "headings": re.search(r"manager +worker.*ITL", text)[0].split(),
        "workers": sorted((row[1], row[2]) for row in re.finditer(r"(\S+) Worker\|FIX\|(\w{9})", text)),
    }


class WhatBecomesOfTheScheduler(Case):
    def test_a_lost_connection_is_told_and_comes_back(self):
        with stack.Stack(workers=0, storage=None) as cluster:
            screen = self.top(cluster.monitor_address)
            screen.see("No workers")
            cluster.scheduler.kill()
            screen.see(r"^\d+ s old: .*127.0.0.1")
            screen.wait_for(lambda _: "\x1b[2m" in screen.written, "the picture is faint")
            screen.see(r"^[1-9]\d* s old: ")
            self.assertIn("No workers", screen.text)
            again = stack.Role("scheduler", cluster.address, "--monitor-address", cluster.monitor_address)
            self.addCleanup(again.kill)
            screen.see(r"^$\n^Total 0")
            screen.press("q")
            self.ends(screen)

    def test_the_schedulers_own_port_and_the_stores_lead_to_the_monitor(self):
        scheduler, *_ = base = self.three_ports()
        role = stack.Role("scheduler", f"tcp://127.0.0.1:{scheduler}")
        self.addCleanup(role.kill)
        role.wait_for_line("monitor address")
        for port in base[:2]:
            code, out, err = run(f"tcp://127.0.0.1:{port}")
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err, f"scaler_top: nothing is published at tcp://127.0.0.1:{port}, but a scheduler's monitor "
                                  f"is at tcp://127.0.0.1:{scheduler + 2}\n")

    @staticmethod
    def three_ports():
        """Three free ports in a row."""
        while True:
            first = stack.free_ports(1)[0]
            with contextlib.ExitStack() as held:
                try:
                    for port in range(first, first + 3):
                        held.enter_context(socket.socket()).bind(("127.0.0.1", port))
                    return [first, first + 1, first + 2]
                except OSError:
                    continue


class OnThePeers(Case):
    def test_the_schedulers_of_two_releases_are_shown(self):
        for release in ("2.0.9", "2.6.0"):
            if not peer.environment(release):
                continue
            with self.subTest(release=release):
                ports = [f"tcp://127.0.0.1:{port}" for port in stack.free_ports(3)]
                for role in self.peers(release, *ports):
                    self.addCleanup(role.kill)
                screen = self.top(ports[2], "-t", "20", columns=190, rows=45)
                text = screen.see("FIX")
                self.assertIn("object_manager", text)
                code, out, _ = run(ports[2], "--json", "-t", "20")
                self.assertEqual(code, 0)
                state = json.loads(out)
                self.assertEqual(len(state["workers"]), 1)
                self.assertGreater(state["received"]["WorkerHeartbeat"], 0)
                screen.press("q")
                self.ends(screen)
                self.doCleanups()
                signal.alarm(120)

    @staticmethod
    def peers(release, address, storage, monitor):
        store = peer.PeerRole("scaler_object_storage_server", storage, release=release)
        peer.wait_port(storage)
        scheduler = peer.PeerRole("scaler_scheduler", address, "--object-storage-address", storage, "--monitor-address",
                                  monitor, *peer.QUIET, release=release)
        peer.wait_port(address)
        return [peer.manager(address, 1, release=release), scheduler, store]


if __name__ == "__main__":
    unittest.main(verbosity=2)
