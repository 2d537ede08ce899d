"""A storage server with little memory and a folder."""

import unittest

from scaler import Client

import stack
from test_hostile import resident_mb


def length(text):
    return len(text)


class Spill(unittest.TestCase):
    def test_what_memory_has_no_room_for_comes_back_from_the_folder(self):
        size, count = 4_000_000, 20
        with stack.temporary_folder() as folder:
            options = ["--memory-limit-bytes", str(3 * size), "--spill-directory", folder]
            with stack.Stack(workers=1, storage_options=options) as cluster:
                cluster.wait_workers(1)
                with Client(address=cluster.address) as client:
                    sent = [client.send_object(bytes([number]) * size) for number in range(count)]
                    futures = [client.submit(length, reference) for reference in sent]
                    self.assertEqual([future.result(timeout=60) for future in futures], [size] * count)
                    self.assertLess(resident_mb(cluster.storage.pid), 5 * size / 1e6 + 15)
                self.assertEqual(cluster.stop(), {"manager": 0, "scheduler": 0, "storage": 0})

    def test_a_folder_that_is_not_there_is_told_at_the_start(self):
        role = stack.Role("object_storage_server", f"tcp://127.0.0.1:{stack.free_ports(1)[0]}", "--spill-directory", "/nonexistent/x")
        self.assertEqual(role.wait_exit(20), 1)
        self.assertIn("/nonexistent/x", role.lines[-1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
