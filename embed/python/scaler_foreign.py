"""Makes an interpreter that is not the program's own a zygote: `PATH -c THIS CONTROL NATIVE ARCHIVE OPTIONS...`, where the
first three are descriptors: the control socket, the native module's file and the carried modules.

Its first part has to be understood by any Python, so that an old one can say what is wrong.
"""

import os
import sys


def refuse(control, text):
    os.write(control, ("X--python: " + text).encode("utf-8"))
    sys.exit(1)


def check_version(control):
    if sys.version_info < (3, 8) or sys.implementation.name != "cpython":
        refuse(control, "%s is Python %s; tasks need CPython 3.8 or later" % (sys.executable, sys.version.split()[0]))


class Carried:
    """The carried modules, as scaler_importer asks for them."""

    def __init__(self, archive):
        import struct

        self._sources = {}
        self._packages = set()
        at = 0
        while at < len(archive):
            name_bytes, source_bytes, is_package = struct.unpack_from("<III", archive, at)
            at += 12
            name = archive[at : at + name_bytes].decode()
            at += name_bytes
            self._sources[name] = archive[at : at + source_bytes]
            at += source_bytes
            if is_package:
                self._packages.add(name)

    def module_names(self):
        return tuple(self._sources)

    def source_of(self, name):
        return self._sources.get(name)

    def is_package(self, name):
        return name in self._packages


def load_native(descriptor):
    import importlib.machinery
    import importlib.util

    path = "/proc/self/fd/%d" % descriptor
    loader = importlib.machinery.ExtensionFileLoader("_scaler_native", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("_scaler_native", path, loader=loader))
    loader.exec_module(module)
    sys.modules["_scaler_native"] = module
    return module


def install_importer(carried):
    import types

    importer = types.ModuleType("scaler_importer")
    code = compile(carried.source_of("scaler_importer"), "<scaler>/scaler_importer.py", "exec", dont_inherit=True)
    exec(code, importer.__dict__)
    sys.modules["scaler_importer"] = importer
    importer.install(carried)


def main(words):
    control, native, archive = (int(word) for word in words[:3])
    check_version(control)
    try:
        with open(archive, "rb") as file:
            file.seek(0)
            carried = Carried(file.read())
        module = load_native(native)
        os.close(native)
        install_importer(carried)
    except Exception as error:
        refuse(control, "%s: %s: %s" % (sys.executable, type(error).__name__, error))
    sys.argv = [""]
    return module.run_zygote(words[3:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
