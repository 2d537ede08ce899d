"""Programs written for Ray, on our cluster. Where ray is not installed, an empty package of that name stands in."""

import importlib
import os
import subprocess
import sys
import tempfile
import unittest

# What the layer touches of the real package.
STAND_IN = {"ray/__init__.py": "", "ray/_private/__init__.py": "", "ray/_private/worker.py": "init = shutdown = None\n"}


def setUpModule():
    global ray, layer, folder
    try:
        importlib.import_module("ray")
    except ImportError:
        folder = tempfile.TemporaryDirectory()
        unittest.addModuleCleanup(folder.cleanup)
        for name, text in STAND_IN.items():
            path = os.path.join(folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        sys.path.insert(0, folder.name)  # workers get it as well
        unittest.addModuleCleanup(sys.path.remove, folder.name)
    import ray
    import scaler.compat.ray as layer

    address = os.environ.get("SCALER_RAY_ADDRESS")  # a scheduler that runs already, whose workers have ray
    layer.scaler_init(address) if address else layer.scaler_init(n_workers=1, logging_paths=("/dev/null",))
    unittest.addModuleCleanup(ray.shutdown)


class Ray(unittest.TestCase):
    def test_remote_functions_give_references_whose_values_get_brings(self):
        @ray.remote
        def add(a, b=1):
            return a + b

        self.assertEqual(ray.get(add.remote(1)), 2)
        self.assertEqual(ray.get([add.remote(x, b=x) for x in range(3)]), [0, 2, 4])
        self.assertEqual(ray.get(add.remote(add.remote(1), add.remote(2))), 5)
        with self.assertRaises(TypeError):
            add(1)

    def test_a_function_may_return_several_references(self):
        @ray.remote(num_returns=2)
        def pair():
            return "a", "b"

        self.assertEqual(ray.get(pair.remote()), ["a", "b"])
        self.assertEqual(ray.get(pair.options(num_returns=1).remote()), ("a", "b"))
        with self.assertRaisesRegex(TypeError, "returns a sequence"):
            ray.get(ray.remote(lambda: 1).options(num_returns=2).remote())
        with self.assertRaises(ValueError):
            ray.remote(num_returns=0)(abs)

    def test_objects_are_put_once(self):
        data = ray.put([1, 2, 3])
        self.assertEqual(ray.get(ray.remote(lambda values: sum(values)).remote(data)), 6)

    def test_tasks_may_call_remote_functions(self):
        def outer():
            import ray
            import scaler.compat.ray  # noqa: F401

            return ray.get(ray.remote(lambda x: x + 1).remote(1))

        self.assertEqual(ray.get(ray.remote(outer).remote()), 2)

    def test_wait_gives_those_that_ended_and_the_others(self):
        import time

        quick, slow = ray.remote(lambda: 1), ray.remote(lambda: time.sleep(30))
        first, second = quick.remote(), slow.remote()
        done, left = ray.wait([second, first])
        self.assertEqual((done, left), ([first], [second]))
        self.assertEqual(ray.wait([second], timeout=0.01), ([], [second]))
        self.assertEqual(ray.wait([first], num_returns=0), ([], [first]))
        with self.assertRaises(ValueError):
            ray.wait([first], num_returns=2)
        ray.cancel(second)

    def test_values_come_as_they_end(self):
        double = ray.remote(lambda x: 2 * x)
        self.assertEqual(sorted(ray.util.as_completed([double.remote(x) for x in range(3)])), [0, 2, 4])
        self.assertEqual(sorted(ray.util.map_unordered(double, [5, 6])), [10, 12])

    def test_what_is_not_supported_says_so(self):
        with self.assertRaises(NotImplementedError):
            ray.remote(type("Actor", (), {}))
        for call in (lambda: ray.get_gpu_ids(), lambda: ray.actor.anything, lambda: ray.util.queue, lambda: ray.kill(1)):
            with self.assertRaisesRegex(NotImplementedError, "is not supported"):
                call()
        with self.assertRaises(RuntimeError):
            ray.get(5)
        self.assertTrue(ray.is_initialized())
        with self.assertRaisesRegex(RuntimeError, "already"):
            layer.scaler_init()

    def test_an_exit_is_silent(self):
        program = "import ray, scaler.compat.ray as layer; layer.scaler_init(n_workers=0, logging_paths=('/dev/null',))"
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], stderr=subprocess.PIPE, text=True, timeout=60,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
