"""A client in a real Jupyter kernel: what its cells show. Skipped without nbclient, nbformat and ipykernel."""

import importlib.util
import unittest

NEEDED = ("nbclient", "nbformat", "ipykernel")
CELLS = {
    "start": """
        from scaler import Client, SchedulerClusterCombo
        cluster = SchedulerClusterCombo(n_workers=1, logging_paths=("/dev/null",))
        client = Client(address=cluster.get_address())
        client
    """,
    "progress": "client.map(abs, range(-50, 0), progress=True)[:3]",
    "awaited": """
        import asyncio
        await asyncio.wrap_future(client.submit(pow, 2, 10))
    """,
    "defined here": """
        def twice(x):
            return 2 * x
        client.map(twice, [1, 2])
    """,
    "interrupted": """
        import _thread, threading, time
        threading.Timer(0.5, _thread.interrupt_main).start()
        try:
            client.submit(time.sleep, 60).result()
        except KeyboardInterrupt:
            print("interrupted")
    """,
    "end": """
        client.disconnect()
        cluster.shutdown()
        print("over")
    """,
}


@unittest.skipUnless(all(map(importlib.util.find_spec, NEEDED)), "no " + " or ".join(NEEDED))
class Notebook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import inspect

        import nbclient
        import nbformat

        cells = [nbformat.v4.new_code_cell(inspect.cleandoc(text)) for text in CELLS.values()]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
        cls.outputs = dict(zip(CELLS, (cell.outputs for cell in notebook.cells)))

    def shown(self, cell, kind):
        """Of every output of a cell that has this kind of data, the data."""
        found = [output["data"][kind] for output in self.outputs[cell] if kind in output.get("data", {})]
        return found or [output["text"] for output in self.outputs[cell] if kind == "stream" and "text" in output]

    def test_a_client_shows_itself_as_a_page(self):
        (page,) = self.shown("start", "text/html")
        self.assertIn("tcp://127.0.0.1:", page)

    def test_a_map_shows_one_bar_that_ends_full(self):
        bars = self.shown("progress", "text/html")
        self.assertEqual(len(bars), 1, "one display that is updated")
        self.assertIn("50/50", bars[0])
        self.assertIn("width:100%", bars[0])
        self.assertEqual(self.shown("progress", "text/plain")[-1], "[50, 49, 48]")
        self.assertFalse([output for output in self.outputs["progress"] if output.get("name") == "stderr"])

    def test_futures_are_awaited_in_the_kernels_own_loop(self):
        self.assertEqual(self.shown("awaited", "text/plain"), ["1024"])

    def test_functions_of_a_cell_travel(self):
        self.assertEqual(self.shown("defined here", "text/plain"), ["[2, 4]"])

    def test_an_interrupt_ends_a_wait_and_the_notebook_goes_on(self):
        self.assertEqual(self.shown("interrupted", "stream"), ["interrupted\n"])
        self.assertEqual(self.shown("end", "stream"), ["over\n"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
