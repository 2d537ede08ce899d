"""Who may include whom: reads the table of src/README.md and every #include, and compares."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from finding import Finding

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TABLE_ROW = re.compile(r"^\|\s*`(?:\.\./)?(\w+)`\s*\|(.*)\|(.*)\|\s*$")

# Third parties by how their headers begin. A room may include those that its row of the table
# names, and the few below.
LIBRARIES = {
    "fmt/": "fmt",
    "capnp/": "capnp",
    "kj/": "capnp",
    "toml++/": "toml++",
    "cxxopts.hpp": "cxxopts",
    "mbedtls/": "mbedtls",
    "uv.h": "uv",
    "Python.h": "python",
    "catch2/": "catch",
}
SYSTEM_FOLDERS = {"sys", "net", "netinet", "arpa", "linux", "asm"}
LIBRARIES_FOR_ALL = {"fmt"}
LIBRARIES_OF_ROOM = {"embed": {"python"}}

# A pure room sees no descriptor, no thread and no file.
PURE_ROOMS = {"zmtp", "ymq", "tls", "wire", "scheduler", "store", "agent", "client", "http", "manager", "cloud", "view"}
IMPURE = re.compile(
    r"^((sys|net|netinet|arpa|linux)/.*|(unistd|fcntl|poll|pthread|signal)\.h|csignal"
    r"|thread|mutex|shared_mutex|condition_variable|future|fstream|filesystem)$"
)


@dataclass
class Room:
    name: str
    rooms: set = field(default_factory=set)  # whole rooms whose public headers it may include
    headers: set = field(default_factory=set)  # single headers, as "wire/messages.hpp"
    libraries: set = field(default_factory=set)


def read_table(readme: Path) -> dict:
    """The rooms of the table, in its order."""
    rooms = {}
    for line in readme.read_text().splitlines():
        row = TABLE_ROW.match(line)
        if row is None:
            continue
        room = Room(row[1], libraries=LIBRARIES_FOR_ALL | LIBRARIES_OF_ROOM.get(row[1], set()))
        for cell in row[3].split(","):
            allow(room, re.sub(r"\(.*\)|`", "", cell).strip(), rooms)
        room.rooms |= {"base", room.name}
        rooms[room.name] = room
    return rooms


def allow(room: Room, what: str, above: dict) -> None:
    if what == "everything above":
        room.rooms |= set(above)
    elif what in LIBRARIES.values():
        room.libraries.add(what)
    elif "/" in what:
        room.headers.add(what)
    elif what != "std":
        room.rooms.add(what)


def includes_of(path: Path):
    """(line number, "<" or '"', name) of each #include."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def room_of(relative: Path) -> str:
    """The room a file stands in; "test" for everything that only tests include."""
    parts = relative.parts
    if parts[0] == "include":
        return parts[2]
    return parts[1] if parts[0] == "src" else parts[0]


def library_of(name: str):
    """The third party a header belongs to, None for the system's and the standard library's."""
    for start, library in LIBRARIES.items():
        if name == start or (start.endswith("/") and name.startswith(start)):
            return library
    if "/" in name and name.split("/")[0] not in SYSTEM_FOLDERS:
        return name.split("/")[0]
    return None


def target_of(root: Path, including: Path, name: str):
    """(room, is it public) of a quoted include, or None for a file of the includer's own folder."""
    parts = name.split("/")
    if parts[0] == "scaler" and len(parts) > 2:
        return parts[1], True
    if (root / "src" / name).exists():
        return parts[0], False
    if parts[0] in ("embed", "subcommands"):
        return parts[0], True
    return None


def check_library(room: Room, relative: Path, library: str):
    if library not in room.libraries:
        return f"{room.name} may not include {library} (src/README.md)"
    if library in ("uv", "capnp", "mbedtls") and relative.parts[0] == "include":
        return f"{library} stays out of public headers: forward declare"
    return None


def check_angle(room: Room, relative: Path, name: str):
    library = library_of(name)
    if library is not None:
        return check_library(room, relative, library)
    if room.name in PURE_ROOMS and IMPURE.match(name):
        return f"{room.name} is pure: no <{name}>"
    return None


def check_quoted(room: Room, relative: Path, name: str, target):
    if name.endswith(".capnp.h"):
        return check_library(room, relative, "capnp")
    if target is None or target[0] == room.name:
        return None
    other, public = target
    if "/".join(name.split("/")[1:]) in room.headers:
        return None
    if other not in room.rooms:
        return f"{room.name} may not include {other} (src/README.md)"
    # What base keeps in src/ is shared by the rooms; any other room's src/ is its own.
    if not public and other != "base":
        return f"{name} is private to {other}"
    return None


def check_file(root: Path, path: Path, rooms: dict):
    relative = path.relative_to(root)
    name = room_of(relative)
    if name == "test":
        return
    if name not in rooms:
        yield Finding(relative, 1, f"{name} has no row in the table of src/README.md")
        return
    for number, kind, header in includes_of(path):
        if kind == "<":
            what = check_angle(rooms[name], relative, header)
        else:
            what = check_quoted(rooms[name], relative, header, target_of(root, path, header))
        if what:
            yield Finding(relative, number, what)


def graph(root: Path, files: list, rooms: dict) -> str:
    """Which room includes which, as Mermaid text."""
    edges = set()
    for path in files:
        source = room_of(path.relative_to(root))
        for _, kind, header in includes_of(path):
            target = target_of(root, path, header) if kind == '"' else None
            if target and source in rooms and target[0] in rooms and target[0] != source:
                edges.add((source, target[0]))
    arrows = [f"  {source} --> {target}" for source, target in sorted(edges)]
    return "\n".join(["graph TD", *arrows])
