"""The helpers of scaler.utility, and preload specifications."""

import logging
import os
import tempfile
import unittest

from scaler.utility import formatter
from scaler.utility.event_loop import EventLoopType, register_event_loop
from scaler.utility.graph import _graphlib
from scaler.utility.graph.optimization import cull_graph
from scaler.utility.graph.topological_sorter import CycleError, TopologicalSorter
from scaler.utility.identifiers import ClientID, ObjectID
from scaler.utility.logging.decorators import log_function
from scaler.utility.logging.scoped_logger import ScopedLogger, TimedLogger
from scaler.utility.logging.utility import get_logger_info, setup_logger
from scaler.utility.metadata.profile_result import ProfileResult
from scaler.utility.metadata.task_flags import TaskFlags
from scaler.utility.network_util import get_available_tcp_port
from scaler.worker.preload import PreloadSpecError, _parse_preload_spec, execute_preload


class Numbers(unittest.TestCase):
    def test_numbers_are_shown_with_their_unit(self):
        self.assertEqual([formatter.format_bytes(n) for n in (512, 2048, 3 << 20, 3 << 30, 5 << 40)],
                         ["512B", "2K", "3.0M", "3.0G", "5.0T"])
        self.assertEqual([formatter.format_microseconds(n) for n in (500, 1500, 2_500_000)], ["0.5ms", "1ms", "2s"])
        self.assertEqual([formatter.format_seconds(n) for n in (60, 61)], ["60s", "60+s"])
        self.assertEqual((formatter.format_integer(1234567), formatter.format_percentage(125)), ("1,234,567", "12.5%"))

    def test_a_free_port_can_be_bound(self):
        self.assertTrue(0 < get_available_tcp_port() < 65536)

    def test_what_travels_with_tasks_survives_its_bytes(self):
        self.assertEqual(TaskFlags.deserialize(TaskFlags(False, 3, True).serialize()), TaskFlags(False, 3, True))
        self.assertEqual(TaskFlags().serialize(), b"\1\0\0\0\0\0")
        result = ProfileResult(0.5, 1 << 40, 0.25)
        self.assertEqual(ProfileResult.deserialize(result.serialize()), result)
        for kind in (TaskFlags, ProfileResult):
            with self.assertRaises(ValueError):
                kind.deserialize(b"short")

    def test_an_object_id_is_made_from_its_owner(self):
        owner = ClientID.generate_client_id()
        self.assertTrue(ObjectID.generate_object_id(owner).is_owner(owner))


class Graphs(unittest.TestCase):
    def test_culling_keeps_what_the_keys_need(self):
        graph = {"a": 1, "b": (abs, "a"), "c": (abs, "b"), "d": (abs, "missing")}
        self.assertEqual(set(cull_graph(graph, ["b"])), {"a", "b"})
        with self.assertRaises(KeyError):
            cull_graph(graph, ["d"])

    def test_the_sorter_for_old_interpreters_behaves_as_the_standard_one(self):
        graph = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "e": []}
        for kind in {TopologicalSorter, _graphlib.TopologicalSorter}:
            with self.subTest(kind.__module__):
                sorter = kind(graph)
                sorter.prepare()
                self.assertEqual(set(sorter.get_ready()), {"a", "e"})
                sorter.done("a")
                self.assertEqual(set(sorter.get_ready()), {"b", "c"})
                with self.assertRaises(ValueError):
                    sorter.done("d")
                sorter.done("b", "c", "e")
                self.assertEqual(sorter.get_ready(), ("d",))
                sorter.done("d")
                self.assertFalse(sorter)
                order = list(kind(graph).static_order())
                self.assertTrue(all(order.index(a) < order.index(b) for b in graph for a in graph[b]))

    def test_a_cycle_is_named(self):
        for kind, error in ((TopologicalSorter, CycleError), (_graphlib.TopologicalSorter, _graphlib.CycleError)):
            sorter = kind({"a": ["b"], "b": ["c"], "c": ["a"], "behind": ["a"], "free": []})
            with self.assertRaises(error) as caught:
                sorter.prepare()
            cycle = caught.exception.args[1]
            self.assertEqual((cycle[0], set(cycle)), (cycle[-1], {"a", "b", "c"}))


class Logs(unittest.TestCase):
    def setUp(self):
        root = logging.getLogger()
        self.addCleanup(setattr, root, "handlers", root.handlers[:])
        self.addCleanup(root.setLevel, root.level)

    def test_lines_reach_a_file_from_the_level_on(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            setup_logger((path,), logging_level="WARNING", process_name="one")
            logging.info("not this")
            logging.warning("but this")
            _, _, paths = get_logger_info(logging.getLogger())
            self.assertEqual(paths, (path,))
            with open(path) as file:
                lines = file.read().splitlines()
            for handler in logging.getLogger().handlers:
                handler.close()
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^\[WARN\]\d{4}-\d\d-\d\d .*: \[one\] but this$")

    def test_an_unknown_level_is_refused_with_the_known_ones(self):
        with self.assertRaisesRegex(ValueError, "CRITICAL, ERROR"):
            setup_logger(logging_level="LOUD")

    def test_scopes_and_calls_say_when_they_begin_and_end(self):
        @log_function()
        def three():
            return 3

        with self.assertLogs(level="INFO") as seen:
            with ScopedLogger("work"):
                self.assertEqual(three(), 3)
        self.assertEqual([line.split()[0].rpartition(":")[2] for line in seen.output],
                         ["beginning", "beginning", "completed", "completed"])
        with self.assertRaises(RuntimeError):
            TimedLogger("never begun").end()


class EventLoops(unittest.TestCase):
    def test_the_builtin_loop_needs_nothing_and_an_unknown_one_is_refused(self):
        self.assertEqual(EventLoopType.allowed_types(), {"builtin", "uvloop"})
        register_event_loop("builtin")
        with self.assertRaisesRegex(TypeError, "builtin, uvloop"):
            register_event_loop("libevent")


class Preload(unittest.TestCase):
    def test_a_specification_is_taken_apart(self):
        self.assertEqual(_parse_preload_spec("a.b:f"), ("a.b", "f", None, None))
        self.assertEqual(_parse_preload_spec("a.b:f(1, x='y')"), ("a.b", "f", [1], {"x": "y"}))
        with self.assertRaises(PreloadSpecError):
            _parse_preload_spec("no colon")

    def test_it_is_imported_and_called(self):
        execute_preload("os:getcwd()")
        with self.assertRaises(PreloadSpecError):
            execute_preload("os:no_such_name")


if __name__ == "__main__":
    unittest.main()
