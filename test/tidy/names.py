"""Names that two files of one folder give to things of their own.

Each may in a build of single files; with SCALER_UNITY the files of a room are compiled together, and a name means one thing.
What is overloaded for other parameters is fine.
"""

import re
from pathlib import Path

from finding import Finding

# Every file is a program, or every program has other files.
PROGRAMS = ("test/fuzz", "test/bench")

TYPE = re.compile(r"^(?:struct|class|union|enum class|enum) (\w+)")
ALIAS = re.compile(r"^using (\w+) =")
FUNCTION = re.compile(r"(?<![\w:])(~?\w+)\(")
VALUE = re.compile(r"(\w+)(?:\[\w*\])*$")
NAMESPACE = re.compile(r"^namespace ([\w:]*) ?\{")
OPERATOR = re.compile(r"\boperator\b")


def parameters_of(text: str) -> str:
    """`(int a, B b = {}) const` -> `int,B`: what tells overloads apart."""
    depth = 0
    parts = [""]
    for char in text[text.index("(") :]:
        depth += char in "([{<"
        depth -= char in ")]}>"
        if depth == 0:
            break
        if char == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += char
    types = [re.sub(r" ?=.*", "", part.lstrip("(")).strip() for part in parts]
    return ",".join(re.sub(r"(?<=[\w>&*:])[ &*]\w+$", lambda end: end[0][0].strip(), part) for part in types)


def declarations(lines: list):
    """(line, enclosing namespaces, is of this file only, head) of all that stands at the left margin."""
    spaces = []
    at = 0
    while at < len(lines):
        line = lines[at]
        begin = at
        at += 1
        if opened := NAMESPACE.match(line):
            if "}" not in line:
                spaces.append(opened[1])
            continue
        if line.startswith("}") and "// namespace" in line:
            spaces = spaces[:-1]
            continue
        if not re.match(r"[A-Za-z_\[]", line):
            continue
        head = line
        while not re.search(r"[;{]|[^=!<>]=[^=]|\)$", head) and at < len(lines):
            head += " " + lines[at].strip()
            at += 1
        own = "" in spaces or head.startswith("static ")
        yield begin + 1, "::".join(filter(None, spaces)), own, without_prefixes(head)


def without_prefixes(head: str) -> str:
    return re.sub(r"^(?:template <.*?> )+|\[\[\w+(?:\(.*?\))?\]\] ", "", head)


def name_of(head: str):
    """(name, parameters or None), or None for what declares nothing of interest."""
    if OPERATOR.search(head) or re.match(r"^(?:TEST_CASE|SCENARIO|using [^=]*$|return|static_assert)", head):
        return None
    if (found := TYPE.match(head)) or (found := ALIAS.match(head)):
        return (found[1], None) if ALIAS.match(head) or "{" in head else None  # else it only says that there is one
    before = re.split(r"[;{]|(?<![=!<>])=(?!=)", head)[0].strip()
    if "(" in before:
        found = FUNCTION.search(before)
        return (found[1], parameters_of(before[found.start() :])) if found else None
    found = VALUE.search(before)
    return (found[1], None) if found and " " in before else None


def owned_names(path: Path):
    """(line, namespace, own, name, parameters) of a file; for a header only its types."""
    for line, space, own, head in declarations(path.read_text().splitlines()):
        found = name_of(head)
        if found and (own or (path.suffix == ".hpp" and TYPE.match(head))):
            yield line, space, own, *found


def check(root: Path, files: list):
    seen = {}
    for path in files:
        relative = path.relative_to(root)
        if path.suffix not in (".cpp", ".hpp") or any(map(relative.is_relative_to, PROGRAMS)):
            continue
        folder = relative.parent.relative_to("include/scaler") if relative.is_relative_to("include/scaler") else relative.parent
        room = folder.name if relative.parts[0] in ("include", "src") else str(folder)
        for line, space, own, name, parameters in owned_names(path):
            seen.setdefault((room, space, name), []).append((relative, line, own, parameters))
    for (_, _, name), places in seen.items():
        for index, (relative, line, own, parameters) in enumerate(places):
            for other, _, other_own, other_parameters in places[:index]:
                if other == relative or not (own or other_own):
                    continue
                if parameters is None or other_parameters is None or parameters == other_parameters:
                    yield Finding(relative, line, f"{other} has a {name} of its own")
                    break
