"""Imports the modules that the program carries inside itself.

The program runs this file once, before anything else of its own, and calls install(). A package of the user's
environment wins, unless that package is `scaler` and install() was told that ours comes first: the finder asks everyone else first and answers only for what nobody has. It does so from the
front of sys.meta_path, because from the end it would never be asked about a name that some folder on sys.path happens
to bear: such a folder is already a namespace package to the finders before it.
"""

import importlib.machinery
import sys

_COMPILED = frozenset({"scaler._native"})  # builtin modules that belong to a carried package


class CarriedLoader:
    """Finder and loader of carried modules; `native` has module_names(), source_of(name) and is_package(name)."""

    def __init__(self, native, ours_first=False):
        self._native = native
        self._first = {"scaler"} if ours_first else set()
        self._names = frozenset(native.module_names())
        self._roots = frozenset(name.partition(".")[0] for name in self._names)

    # ---- finder ----

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self._roots:
            return None
        parent = name.rpartition(".")[0]
        if parent:  # a package is served whole by one side: never a module of ours inside somebody else's package
            spec = getattr(sys.modules.get(parent), "__spec__", None)
            if getattr(spec, "loader", None) is not self:
                return None
        elif name not in self._first:
            installed = self._installed(name, target)
            if installed is not None:
                return installed
        if name in _COMPILED and name in sys.builtin_module_names:
            return importlib.machinery.ModuleSpec(name, importlib.machinery.BuiltinImporter, origin="built-in")
        return self._own_spec(name) if name in self._names else None

    def _installed(self, name, target):
        for finder in sys.meta_path:
            find_spec = None if finder is self else getattr(finder, "find_spec", None)
            spec = find_spec(name, None, target) if find_spec else None
            if spec is not None and spec.loader is not None:
                return spec
        return None

    def _own_spec(self, name):
        is_package = self._native.is_package(name)
        spec = importlib.machinery.ModuleSpec(name, self, origin=self._file_of(name), is_package=is_package)
        return spec

    def _file_of(self, name):
        tail = "/__init__.py" if self._native.is_package(name) else ".py"
        return "<scaler>/" + name.replace(".", "/") + tail

    # ---- loader ----

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)

    def is_package(self, name):
        return self._native.is_package(name)

    def get_code(self, name):
        return compile(self.get_source(name), self._file_of(name), "exec", dont_inherit=True)

    def get_source(self, name):  # linecache asks for it, so tracebacks show the lines
        source = self._native.source_of(name)
        if source is None:
            raise ImportError(f"{name} is not carried by this program", name=name)
        return source.decode("utf-8")


def install(native, ours_first=False):
    loader = CarriedLoader(native, ours_first)
    sys.meta_path.insert(0, loader)
    return loader
