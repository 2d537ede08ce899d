"""Files that nothing builds, runs or includes."""

import re
from pathlib import Path

import rooms
from finding import Finding

BUILT_FOLDERS = ("src", "test", "subcommands", "embed")

# Python that is found by its folder and not by its name.
FOUND_BY_FOLDER = {
    "embed/python": "carried in the program as a whole tree",
    "test/e2e": "found by unittest from test/run",
    "test/python": "found by unittest from test/run",
    "test/bench": "run by hand",
    "test/tidy": "imported by check.py and self_test.py, which CMake names",
}


def cmake_files_about(path: Path, root: Path) -> list:
    """Every CMake file from the source's folder up to the root."""
    folders = [folder for folder in path.parents if folder.is_relative_to(root)]
    lists = [folder / "CMakeLists.txt" for folder in folders]
    modules = [module for folder in folders for module in sorted(folder.glob("*.cmake"))]
    return [file for file in lists + modules if file.exists()]


def is_named(path: Path, root: Path) -> bool:
    word = re.compile(rf"(?<![\w.-]){re.escape(path.name)}(?![\w.-])")
    if any(word.search(file.read_text()) for file in cmake_files_about(path, root)):
        return True
    whole = str(path.relative_to(root))
    return any(whole in module.read_text() for module in (root / "cmake").glob("*.cmake"))


def is_found_by_folder(relative: Path) -> bool:
    return relative.suffix == ".py" and any(map(relative.is_relative_to, FOUND_BY_FOLDER))


def check_sources(root: Path, files: list):
    for path in files:
        relative = path.relative_to(root)
        if path.suffix not in (".cpp", ".py") or relative.parts[0] not in BUILT_FOLDERS:
            continue
        if not is_found_by_folder(relative) and not is_named(path, root):
            yield Finding(relative, 1, "no CMakeLists.txt names this file")


def places_of(root: Path, including: Path, name: str) -> set:
    """Where the compiler would look for a quoted include."""
    folders = (including.parent, root / "include", root / "src", root / "test", root)
    return {folder / name for folder in folders}


def check_headers(root: Path, files: list):
    included = set()
    for path in files:
        if path.suffix in (".cpp", ".hpp"):
            for _, kind, name in rooms.includes_of(path):
                if kind == '"':
                    included |= places_of(root, path, name)
    for path in files:
        public = path.is_relative_to(root / "include")  # may be for those outside
        if path.suffix == ".hpp" and not public and path not in included:
            yield Finding(path.relative_to(root), 1, "nobody includes this header")
