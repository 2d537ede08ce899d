import os
import sys
import tempfile
import traceback
import unittest

import scaler_importer


class FakeNative:
    sources = {
        "carried_pkg": "import carried_pkg.inner\n",
        "carried_pkg.inner": "def fail():\n    raise ValueError('from inside')\n",
    }

    def module_names(self):
        return tuple(self.sources)

    def source_of(self, name):
        source = self.sources.get(name)
        return None if source is None else source.encode()

    def is_package(self, name):
        return name == "carried_pkg"


class Importer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        sys.path.insert(0, self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        loader = scaler_importer.install(FakeNative())
        self.addCleanup(sys.meta_path.remove, loader)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in list(sys.modules) if name.startswith("carried_pkg")])

    def test_carried_modules_are_imported_and_tracebacks_show_their_lines(self):
        import carried_pkg.inner

        try:
            carried_pkg.inner.fail()
        except ValueError:
            text = traceback.format_exc()
        self.assertIn('File "<scaler>/carried_pkg/inner.py", line 2', text)
        self.assertIn("raise ValueError('from inside')", text)

    def test_an_installed_package_wins_whole(self):
        os.mkdir(os.path.join(self.folder, "carried_pkg"))
        with open(os.path.join(self.folder, "carried_pkg", "__init__.py"), "w") as file:
            file.write("mine = True\n")
        import carried_pkg

        self.assertTrue(carried_pkg.mine)
        with self.assertRaises(ModuleNotFoundError):  # ours must not appear inside it
            import carried_pkg.inner  # noqa: F401

    def test_a_mere_folder_of_that_name_does_not_win(self):
        os.mkdir(os.path.join(self.folder, "carried_pkg"))
        import carried_pkg

        self.assertEqual(carried_pkg.__spec__.origin, "<scaler>/carried_pkg/__init__.py")

    def test_what_is_not_carried_is_not_found(self):
        with self.assertRaises(ModuleNotFoundError):
            import carried_pkg.absent  # noqa: F401
        with self.assertRaises(ModuleNotFoundError):
            import carried_pk  # noqa: F401


if __name__ == "__main__":
    unittest.main()
