"""Questions to a running scheduler: `scaler status`, `workers`, `tasks`, `why` and `drain`."""

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
from versions import CLIENT


def ask(*words, limit_s=stack.LIMIT_S):
    """Exit code, standard output, standard error."""
    done = subprocess.run([stack.binary(), *words], capture_output=True, text=True, timeout=limit_s)
    return done.returncode, done.stdout, done.stderr


def hold(path):
    """Ends when the gate at this path is opened."""
    with open(path) as pipe, open(path + ".reached", "w"):
        return pipe.read()


class Gate:
    """A named pipe that tasks wait at."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "gate")
        os.mkfifo(self.path)
        self._end = os.open(self.path, os.O_RDWR)  # so that opening it blocks nobody

    def open(self):
        """Lets all pass: those who read see the end of the pipe, those who come later find an empty file."""
        os.unlink(self.path)
        with open(self.path, "w"):
            pass
        self.close()

    def close(self):
        if self._end is not None:
            os.close(self._end)
        self._end = None


class Operator(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(120)
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.gate = Gate(folder.name)
        self.addCleanup(self.gate.close)

    def tearDown(self):
        signal.alarm(0)

    def told(self, *words):
        code, out, err = ask(*words)
        self.assertEqual((code, err), (0, ""), (words, out, err))
        return out

    def json_told(self, *words):
        return json.loads(self.told(*words, "--json"))

    def refused(self, *words, says, code=1):
        got, out, err = ask(*words)
        self.assertEqual((got, out, len(err.splitlines())), (code, "", 1), err)
        self.assertRegex(err, says)

    def until(self, condition, what):
        """Asks again and again: an answer is an event that cannot be waited for."""
        answers = []

        def holds():
            answers.append(condition())
            return answers[-1]

        stack.wait_for(holds, what)
        return answers[-1]

    def test_a_whole_day_of_an_operator(self):
        with stack.Stack(workers=1) as ours:
            ours.wait_workers(1)
            address = ours.address
            self.assertRegex(self.told("status", address), r"(?m)^workers +1 worker with 0 tasks in hand, 1000 places free$")
            with Client(address=address) as client:
                futures = [client.submit(hold, self.gate.path) for _ in range(3)]
                tasks = self.until(
                    lambda: (found := self.json_told("tasks", address))["unfinished"] == 3 and found["tasks"], "no tasks")
                self.assertEqual({task["state"] for task in tasks}, {"running"})
                self.assertEqual({task["function"] for task in tasks}, {"hold"})
                self.assertEqual(self.json_told("tasks", address, "--state", "waiting")["tasks"], [])
                self.assertEqual(len(self.json_told("tasks", address, "-n", "2")["tasks"]), 2)

                why = self.told("why", tasks[2]["id"], address)
                self.assertRegex(why, r"(?m)^state +running$")
                self.assertIn(f"worker {tasks[2]['worker']} has it; 2 tasks given to it earlier are not finished", why)
                self.assertEqual(self.json_told("why", tasks[0]["id"], address)["state"], "running")

                workers = self.json_told("workers", address)["workers"]
                self.assertEqual([(w["worker_manager_id"], w["tasks"], w["draining"]) for w in workers], [("wm-test", 3, False)])
                self.assertIn(workers[0]["id"], self.told("workers", address))
                status = self.json_told("status", address)
                self.assertEqual((status["tasks"]["running"], status["workers"]), (3, 1))
                self.assertEqual([c["tasks"] for c in status["clients"]], [3])

                self.gate.open()
                self.assertEqual([future.result() for future in futures], ["", "", ""])
            self.refused("why", "12", address, says="scaler why: a task's id is 32 hexadecimal digits$")
            self.assertIn("it never came, or it has ended", self.told("why", tasks[0]["id"], address))
            self.refused("drain", "nobody", address, says="scaler drain: no worker's id holds 'nobody'$")
            self.assertEqual(ours.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_why_names_a_capability_that_nobody_offers(self):
        if CLIENT < (2, 0):
            self.skipTest("capabilities came later")
        with stack.Stack(workers=1, scheduler_options=("--policy-content", "allocate=capability; scaling=no")) as ours:
            ours.wait_workers(1)
            with Client(address=ours.address) as client:
                future = client.submit_verbose(hold, args=(self.gate.path,), kwargs={}, capabilities={"gpu": 1})
                task = self.until(lambda: self.json_told("tasks", ours.address)["tasks"], "no task")[0]
                self.assertEqual((task["state"], task["asks_for"]), ("waiting", "gpu=1"))
                self.assertIn("no worker offers gpu (1 worker connected)", self.told("why", task["id"], ours.address))
                future.cancel()

    def test_a_drained_worker_finishes_what_it_runs_and_its_queue_runs_elsewhere(self):
        with stack.Stack(workers=1) as ours:
            ours.wait_workers(1)
            with Client(address=ours.address) as client:
                futures = [client.submit(hold, self.gate.path) for _ in range(20)]
                self.until(lambda: self.json_told("tasks", ours.address)["unfinished"] == 20, "no tasks")
                self.until(lambda: os.path.exists(self.gate.path + ".reached"), "no task runs")
                old = self.json_told("workers", ours.address)["workers"][0]["id"]
                other = ours.add_manager(1, "wm-other")
                self.addCleanup(other.kill)
                ours.wait_workers(2)
                answer = self.told("drain", old[-12:], ours.address)
                self.assertRegex(answer, rf"^worker {re.escape(old)} is asked to give \d+ tasks back\. It gets no more")
                # Only what it runs stays; the rest goes to the other worker.
                self.until(lambda: len(self.json_told("tasks", ours.address, "--worker", old)["tasks"]) <= 1, "still there")
                self.assertIn("draining", self.told("workers", ours.address))
                self.gate.open()
                self.assertEqual({future.result() for future in futures}, {""})
            ours.scheduler.wait_for_line(r"is idle and goes$")
            left = self.until(lambda: len(w := self.json_told("workers", ours.address)["workers"]) == 1 and w, "it stays")
            self.assertNotEqual(left[0]["id"], old)
            self.assertEqual(other.stop(), 0)

    def test_a_monitor_stream_is_enough_for_status_and_workers(self):
        with stack.Stack(workers=1) as ours:
            ours.wait_workers(1)
            self.assertEqual(self.json_told("status", ours.monitor_address)["workers"], 1)
            self.assertEqual(len(self.json_told("workers", ours.monitor_address)["workers"]), 1)

    def test_the_peers_scheduler_shows_its_status_and_survives_other_questions(self):
        if CLIENT < (2, 0):
            self.skipTest("its scheduler wants other options")
        storage, first, _, third = (f"tcp://127.0.0.1:{port}" for port in self.ports_in_a_row())
        self.addCleanup(peer.storage(storage).kill)
        self.addCleanup(peer.scheduler(first, storage, third).kill)
        for address in (first, third):
            self.assertIn("tasks", self.json_told("status", address))
        self.refused("tasks", first, "-t", "1",
                     says="does not answer within 1 s; only this program's scheduler knows such questions$")
        self.assertIn("workers", self.json_told("workers", first))

    def ports_in_a_row(self):
        """Four free ports; the last is two behind the second, where a scheduler's monitor is looked for."""
        for _ in range(100):
            storage, first = stack.free_ports(2)
            try:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", first + 2))
                    return storage, first, first + 1, first + 2
            except (OSError, OverflowError):
                continue
        self.fail("no ports")

    def test_nobody_there_is_said_at_once(self):
        port = stack.free_ports(1)[0]
        for name in ("status", "tasks"):
            self.refused(name, f"tcp://127.0.0.1:{port}", says=rf"no scheduler answers at tcp://127.0.0.1:{port}: .*refused")


if __name__ == "__main__":
    unittest.main(verbosity=2)
