import io
import logging
import os
import sys
import tempfile
import unittest
import unittest.mock

from scaler_runtime import logs, streams, upkeep
from support import Env


class Streams(unittest.TestCase):
    def outputs(self, task):
        env = Env()
        self.assertFalse(env.run(task, stream=True)[0])
        return [(is_stderr, text) for _, is_stderr, text in env.said]

    def test_whole_lines_are_sent_and_the_rest_at_the_end(self):
        def task():
            print("a", 1)
            print("b\nc", end="", file=sys.stderr)
            print("d", end="")

        self.assertEqual(self.outputs(task), [(False, "a 1\n"), (True, "b\n"), (False, "d"), (True, "c")])

    def test_a_flush_sends_what_there_is(self):
        def task():
            print("50%", end="\r", flush=True)
            print("done")

        self.assertEqual(self.outputs(task), [(False, "50%\r"), (False, "done\n")])

    def test_bytes_through_the_buffer_join_the_text(self):
        def task():
            sys.stdout.buffer.write("\u00e4\n".encode())

        self.assertEqual(self.outputs(task), [(False, "\u00e4\n")])

    def test_it_answers_what_programs_ask_of_a_stream(self):
        def task():
            return sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.writable(), sys.stdout.write("xyz")

        self.assertEqual(Env().result(task, stream=True), (False, "utf-8", True, 3))

    def test_output_without_streaming_is_not_sent(self):
        env = Env()
        env.result(lambda: None, stream=False)
        self.assertEqual(env.said, [])

    def test_the_real_streams_are_back_after_a_failure(self):
        before = sys.stdout, sys.stderr
        Env().error(lambda: 1 / 0, stream=True)
        self.assertEqual((sys.stdout, sys.stderr), before)

    def test_a_stream_kept_beyond_its_task_writes_to_the_real_one(self):
        real, sent = io.StringIO(), []
        stream = streams.TaskStream(sent.append, real)
        stream.write("before")
        stream.finish()
        stream.write("after")
        self.assertEqual((sent, real.getvalue()), (["before"], "after"))

    def test_a_line_without_end_is_sent_in_pieces(self):
        sent = []
        stream = streams.TaskStream(sent.append, io.StringIO())
        for _ in range(200):
            stream.write("x" * 1000)
        self.assertGreater(len(sent), 1)
        stream.finish()
        self.assertEqual("".join(sent), "x" * 200_000)

    def test_one_huge_write_becomes_several_messages(self):
        sent = []
        streams.TaskStream(sent.append, io.StringIO()).write("y" * 1_000_000 + "\n")
        self.assertGreater(len(sent), 3)
        self.assertEqual(sum(map(len, sent)), 1_000_001)

    def test_only_text_can_be_written(self):
        with self.assertRaises(TypeError):
            streams.TaskStream(print, io.StringIO()).write(b"bytes")


class Logs(unittest.TestCase):
    def tearDown(self):
        for handler in list(logging.getLogger().handlers):
            logging.getLogger().removeHandler(handler)
            handler.close()

    def test_lines_have_the_documented_form_in_the_file_of_this_process(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "worker.log")
            logs.set_up("INFO", [path])
            logging.warning("disk is %s", "full")
            logging.debug("not this")
            with open(f"{path}-{os.getpid()}") as file:
                text = file.read()
        self.assertRegex(text, r"^\[WARN\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}: test_streams:\w+:\d+: disk is full\n$")

    def test_the_screen_has_no_place_in_its_lines(self):
        record = logging.LogRecord("x", logging.INFO, "f.py", 1, "text", None, None)
        line = logs.LineFormatter(with_place=False).format(record)
        self.assertRegex(line, r"^\[INFO\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}: text$")

    def test_lines_of_a_shared_stream_name_the_manager_as_those_of_roles_do(self):
        record = logging.LogRecord("x", logging.INFO, "f.py", 1, "text", None, None)
        with unittest.mock.patch.dict(os.environ, SCALER_COMPONENT="wm-1"):
            self.assertRegex(logs.LineFormatter(with_place=False).format(record), r"^\[INFO\]\S+ \S+: wm-1: text$")
            self.assertNotIn("wm-1", logs.LineFormatter(with_place=True).format(record))


class Upkeep(unittest.TestCase):
    def test_garbage_is_collected_when_due_and_memory_given_back_when_it_is_much(self):
        now, trims = [0.0], []
        keeper = upkeep.Upkeep(30, 1, lambda: trims.append(now[0]), now=lambda: now[0])
        self.assertFalse(keeper.after_task())
        now[0] = 31.0
        self.assertTrue(keeper.after_task())
        self.assertFalse(keeper.after_task())
        now[0] = 62.0
        self.assertTrue(keeper.after_task())
        self.assertEqual(trims, [31.0, 62.0])

    def test_little_memory_is_kept(self):
        trims = []
        upkeep.Upkeep(0, 1 << 60, lambda: trims.append(1)).after_task()
        self.assertEqual(trims, [])


if __name__ == "__main__":
    unittest.main()
