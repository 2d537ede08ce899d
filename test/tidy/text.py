"""What one file may look like, whatever room it stands in."""

import re
from pathlib import Path

from finding import Finding

LINES_MAX = 600
LONG_FILES = {}  # path: why it may be longer

# This repository speaks of the product alone. Written so that the patterns do not match themselves.
FORBIDDEN = {
    re.compile(r"issue\s*#\s*\d", re.I): "a number of an issue",
    re.compile(r"\bsession\s+#?\d", re.I): "a number of a session",
    re.compile(r"/wor[k]/"): "a path of somebody's machine",
    re.compile(r"\bshare[d]/"): "a path of somebody's machine",
}
# A deadline on the wall clock would end peers, or keep them for ever, when somebody sets the clock.
WALL_CLOCK = re.compile(r"system_clock|CLOCK_REALTIME|gettimeofday|\btime\((nullptr|NULL|0|&)")
# What people read, and the dates of certificates and signatures.
WALL_CLOCK_MAY = ("src/base/log.cpp", "src/config/log", "src/net/tls_files.cpp", "src/roles/cloud_link.cpp",
                  "src/roles/gui_role.cpp", "test/")
MARKER = re.compile(r"\bTOD[O]\b(?!\((perf|wire|port)\): \S)")

# Pieces of C++, each of which hides what looks like another: a line comment, the name of an unused
# parameter as in f(int /*unused*/), strings, characters, and at last the start of a comment.
CPP_PIECE = re.compile(
    r"""//[^\n]*|/\*\w+=?\*/|R"([^\s()\\]{0,16})\((?:.|\n)*?\)\1\""""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|/\*"""
)


def check_ascii(relative: Path, lines: list):
    for number, line in enumerate(lines, 1):
        if not line.isascii():
            odd = next(c for c in line if not c.isascii())
            yield Finding(relative, number, f"not ASCII: U+{ord(odd):04X}")


def check_words(relative: Path, lines: list):
    for number, line in enumerate(lines, 1):
        for pattern, what in FORBIDDEN.items():
            if pattern.search(line):
                yield Finding(relative, number, what)
        if MARKER.search(line):
            yield Finding(relative, number, "a to-do without its kind: (perf|wire|port): what")


def check_clock(relative: Path, lines: list):
    if str(relative).startswith(WALL_CLOCK_MAY):
        return
    for number, line in enumerate(lines, 1):
        if WALL_CLOCK.search(line):
            yield Finding(relative, number, "the wall clock, which log lines alone may read")


def check_length(relative: Path, lines: list):
    if len(lines) > LINES_MAX and str(relative) not in LONG_FILES:
        yield Finding(relative, LINES_MAX, f"{len(lines)} lines, at most {LINES_MAX}")


def check_block_comments(relative: Path, content: str):
    for piece in CPP_PIECE.finditer(content):
        if piece[0] == "/*":
            line = content.count("\n", 0, piece.start()) + 1
            yield Finding(relative, line, "a block comment: line comments only")
            return


def check_header_guard(relative: Path, lines: list):
    code = (line for line in lines if line.strip() and not line.startswith("//"))
    if next(code, "") != "#pragma once":
        yield Finding(relative, 1, "a header begins with #pragma once")


def check_file(root: Path, path: Path):
    relative = path.relative_to(root)
    content = path.read_text(errors="replace")
    lines = content.splitlines()
    yield from check_words(relative, lines)
    if path.suffix == ".md":
        return
    yield from check_ascii(relative, lines)
    yield from check_length(relative, lines)
    if path.suffix in (".cpp", ".hpp"):
        yield from check_block_comments(relative, content)
        yield from check_clock(relative, lines)
    if path.suffix == ".hpp":
        yield from check_header_guard(relative, lines)
