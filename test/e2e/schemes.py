"""What the tests of address schemes share: a cluster behind such addresses does the usual."""

from scaler import Client

import stack
from limited import Limited
from test_client import boom, inc, square
from versions import map_with


class Schemes(Limited):
    def our_manager(self, address, worker_manager_id, workers, *options):
        return self.start(stack.Role("worker_manager", "baremetal_native", address, "--worker-manager-id", worker_manager_id,
                                     "--mode", "fixed", "--max-task-concurrency", str(workers), *options))

    def do_the_usual(self, client, payload):
        self.assertEqual(map_with(client, square, range(200)), [i * i for i in range(200)])
        self.assertEqual(client.get({"a": 2, "b": (inc, "a")}, keys=["b"]), {"b": 3})
        with self.assertRaises(ValueError):
            client.submit(boom, 1).result()
        self.assertEqual(client.submit(lambda x: x[::-1], payload).result(), payload[::-1])
