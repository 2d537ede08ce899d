"""How workers find what this interpreter can import."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Dict, Iterator, List, Tuple

PROGRAM_PYTHON = (3, 11)  # the minor version that the program embeds


def inside_program() -> bool:
    """Whether this interpreter is the one that the program embeds."""
    return "_scaler_native" in sys.builtin_module_names


def worker_environment() -> Tuple[List[str], Dict[str, str]]:
    """(options of a worker manager, environment variables)."""
    words: List[str] = []
    if inside_program():
        pass  # its VIRTUAL_ENV is theirs
    elif sys.version_info[:2] != PROGRAM_PYTHON and sys.executable:
        words = ["--python", sys.executable]  # what is pickled here runs on this minor version only
    elif _in_virtual_environment():
        words = ["--python-env", sys.prefix]
    return words, {"PYTHONPATH": os.pathsep.join(dict.fromkeys(_import_paths()))}


def _in_virtual_environment() -> bool:
    return sys.prefix != sys.base_prefix


def _import_paths() -> Iterator[str]:
    """sys.path, but for what the workers' interpreter has anyway: a library of its own, and its environment's packages."""
    known = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    known |= {os.path.join(folder, "lib-dynload") for folder in known}
    if _in_virtual_environment() or sys.prefix == "/usr" or sys.version_info[:2] != PROGRAM_PYTHON:
        known |= {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
        known |= {os.path.realpath("/usr/lib/python3/dist-packages")}
    for entry in sys.path:
        path = os.path.abspath(entry)  # "" is the folder of now
        if os.path.isdir(path) and os.path.realpath(path) not in known:
            yield path
