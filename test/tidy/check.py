#!/usr/bin/env python3
"""Holds the lines that the compiler cannot: who includes whom (src/README.md), and how files look.

  check.py ROOT           one line per finding, exit code 1 if there is one
  check.py ROOT --graph   which room includes which, as Mermaid text
"""

import argparse
import sys
from pathlib import Path

import dead
import names
import rooms
import text

FOLDERS = ("src", "include", "subcommands", "embed", "test", "cmake", "protocol")
FOLDERS += ("docs", "examples", "packaging", ".ci")
SOURCES = {".cpp", ".hpp", ".py", ".cmake", ".sh", ".capnp", ".md"}
DATA = ("test/golden", "test/fuzz/corpus")


def is_script(path: Path) -> bool:
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def is_source(path: Path) -> bool:
    return path.suffix in SOURCES or path.name == "CMakeLists.txt" or is_script(path)


def sources_under(root: Path) -> list:
    files = [path for path in root.iterdir() if path.is_file() and path.suffix in (".md", ".txt")]
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            relative = path.relative_to(root)
            data = "__pycache__" in relative.parts or any(map(relative.is_relative_to, DATA))
            if not data and path.is_file() and is_source(path):
                files.append(path)
    return sorted(files)


def findings_in(root: Path) -> list:
    table = rooms.read_table(root / "src" / "README.md")
    files = sources_under(root)
    findings = []
    for path in files:
        findings += text.check_file(root, path)
        if path.suffix in (".cpp", ".hpp"):
            findings += rooms.check_file(root, path, table)
    findings += dead.check_sources(root, files)
    findings += dead.check_headers(root, files)
    findings += names.check(root, files)
    return sorted(findings)


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks layering and form of the sources.")
    parser.add_argument("root", type=Path, help="the folder with src/ and include/")
    parser.add_argument("--graph", action="store_true", help="print who includes whom, as Mermaid")
    options = parser.parse_args()
    root = options.root.resolve()
    if options.graph:
        files = [path for path in sources_under(root) if path.suffix in (".cpp", ".hpp")]
        print(rooms.graph(root, files, rooms.read_table(root / "src" / "README.md")))
        return 0
    findings = findings_in(root)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
