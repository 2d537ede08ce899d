#!/usr/bin/env python3
"""Feeds the checks a small tree, good at first, and one fault at a time: each must be found."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check

README = """
| room | what happens in it | may include |
|---|---|---|
| `base` | bytes | std, fmt |
| `zmtp` | frames | base |
| `wire` | messages | base, capnp (codec) |
| `scheduler` | who runs what | base, wire/messages.hpp |
| `store` | who waits | base |
| `config` | options | base, toml++ |
| `net` | sockets | base, zmtp, uv |
| `roles` | joined | everything above |
| `../embed` | Python | base |
| `../subcommands` | run | roles |
"""
ZMTP = """#include "base/reader.hpp"
const char* a = "/*";  // not a /* comment
const char* b = R"x(
/* nor this )x";
void f(int /*unused*/, char c = '"');
"""
WIRE = """#include <capnp/message.h>
#include "protocol/message.capnp.h"
#include "wire/encode.hpp"
"""
NET = """#include <uv.h>
#include <sys/socket.h>
#include "scaler/zmtp/session.hpp"
"""
GOOD = {
    "src/README.md": README,
    "CMakeLists.txt": "add_subdirectory(src)\n",
    "include/scaler/base/bytes.hpp": "// Bytes.\n#pragma once\n#include <string>\n",
    "include/scaler/wire/messages.hpp": '#pragma once\n#include "scaler/base/bytes.hpp"\n',
    "include/scaler/wire/codec.hpp": "#pragma once\n",
    "include/scaler/store/store.hpp": "#pragma once\n",
    "include/scaler/net/loop.hpp": "#pragma once\ntypedef struct uv_loop_s uv_loop_t;\n",
    "include/scaler/zmtp/session.hpp": "#pragma once\n",
    "src/base/CMakeLists.txt": "scaler_module(base SOURCES bytes.cpp)\n",
    "src/base/bytes.cpp": '#include "scaler/base/bytes.hpp"\n#include <fmt/format.h>\n',
    "src/base/reader.hpp": "#pragma once\n",
    "src/zmtp/CMakeLists.txt": "scaler_module(zmtp SOURCES session.cpp)\n",
    "src/zmtp/session.cpp": ZMTP,
    "src/wire/CMakeLists.txt": "scaler_module(wire SOURCES codec.cpp)\n",
    "src/wire/codec.cpp": WIRE,
    "src/wire/encode.hpp": "#pragma once\n",
    "src/scheduler/CMakeLists.txt": "scaler_module(scheduler SOURCES scheduler.cpp)\n",
    "src/scheduler/scheduler.cpp": '#include "scaler/wire/messages.hpp"\n',
    "src/net/CMakeLists.txt": "scaler_module(net SOURCES loop.cpp)\n",
    "src/net/loop.cpp": NET,
    "embed/CMakeLists.txt": "scaler_module(embed SOURCES gil.cpp)\n",
    "embed/gil.cpp": "#include <Python.h>\n",
    "embed/python/run.py": "print()\n",
    "test/zmtp/CMakeLists.txt": "scaler_test(zmtp SOURCES session_test.cpp)\n",
    "test/zmtp/session_test.cpp": "#include <catch2/catch.hpp>\n",
}
SCHEDULER = "src/scheduler/scheduler.cpp"


class Tidy(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        for name, content in GOOD.items():
            self.write(name, content)

    def write(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def run_check(self, *arguments: str):
        command = [sys.executable, "-B", check.__file__, str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def expect(self, name: str, content: str, line: int, what: str) -> None:
        """`content` in the good tree leads to this one finding."""
        self.write(name, content)
        found = [str(finding) for finding in check.findings_in(self.root)]
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found[0])
        self.assertIn(what, found[0])

    def test_a_good_tree_has_no_finding(self) -> None:
        result = self.run_check()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_a_finding_is_one_line_and_exit_code_1(self) -> None:
        self.write(SCHEDULER, "#include <uv.h>\n")
        result = self.run_check()
        what = f"{SCHEDULER}:1: scheduler may not include uv (src/README.md)\n"
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, what, ""))

    def test_a_core_may_not_include_another(self) -> None:
        self.expect(SCHEDULER, '\n#include "scaler/store/store.hpp"\n', 2, "may not include store")

    def test_a_core_may_include_the_messages_but_not_the_codec(self) -> None:
        self.expect(SCHEDULER, '#include "scaler/wire/codec.hpp"\n', 1, "may not include wire")

    def test_a_private_header_stays_in_its_room(self) -> None:
        self.write("src/roles/CMakeLists.txt", "scaler_module(roles SOURCES role.cpp)\n")
        self.expect("src/roles/role.cpp", '#include "wire/encode.hpp"\n', 1, "private to wire")

    def test_a_lower_room_may_not_include_a_higher_one(self) -> None:
        upward = '#include "base/reader.hpp"\n#include "scaler/net/loop.hpp"\n'
        self.expect("src/zmtp/session.cpp", upward, 2, "may not include net")

    def test_third_parties_have_their_rooms(self) -> None:
        faults = {
            "uv.h": "uv",
            "Python.h": "python",
            "capnp/message.h": "capnp",
            "kj/common.h": "capnp",
            "toml++/toml.h": "toml++",
            "cxxopts.hpp": "cxxopts",
            "catch2/catch.hpp": "catch",
            "boost/asio.hpp": "boost",
        }
        for header, library in faults.items():
            with self.subTest(header):
                self.expect(SCHEDULER, f"#include <{header}>\n", 1, f"may not include {library}")

    def test_schemas_are_for_the_wire_only(self) -> None:
        self.expect(SCHEDULER, '#include "protocol/message.capnp.h"\n', 1, "capnp")

    def test_libuv_stays_out_of_public_headers(self) -> None:
        leaky = "#pragma once\n#include <uv.h>\n"
        self.expect("include/scaler/net/loop.hpp", leaky, 2, "forward declare")

    def test_a_core_sees_no_thread_and_no_socket(self) -> None:
        for header in ("thread", "sys/socket.h", "unistd.h", "fstream"):
            with self.subTest(header):
                self.expect(SCHEDULER, f"#include <{header}>\n", 1, "pure")

    def test_a_room_needs_a_row(self) -> None:
        self.write("src/attic/CMakeLists.txt", "scaler_module(attic SOURCES old.cpp)\n")
        self.expect("src/attic/old.cpp", "int x;\n", 1, "no row")

    def test_a_source_that_nobody_lists_is_dead(self) -> None:
        self.expect("src/zmtp/forgotten.cpp", "int x;\n", 1, "names this file")

    def test_a_name_that_only_ends_alike_is_not_listed(self) -> None:
        self.expect("src/zmtp/ion.cpp", "int x;\n", 1, "names this file")

    def test_python_beside_a_test_must_be_listed(self) -> None:
        self.expect("test/zmtp/helper.py", "print()\n", 1, "names this file")

    def test_a_header_that_nobody_includes_is_dead(self) -> None:
        self.expect("src/zmtp/forgotten.hpp", "#pragma once\n", 1, "nobody includes")

    def expect_meeting(self, one: str, other: str, *names: str) -> None:
        """Two files of a room, with this in a namespace of their own, lead to a finding for each of these names."""
        wrapped = "#include \"base/reader.hpp\"\nnamespace scaler::zmtp {\nnamespace {\n\n%s\n\n}  // namespace\n}  // namespace scaler::zmtp\n"
        self.write("src/zmtp/CMakeLists.txt", "scaler_module(zmtp SOURCES session.cpp frame.cpp)\n")
        self.write("src/zmtp/frame.cpp", wrapped % one)
        self.write("src/zmtp/session.cpp", wrapped % other)
        found = [finding.what for finding in check.findings_in(self.root)]
        self.assertEqual(found, [f"src/zmtp/frame.cpp has a {name} of its own" for name in names])

    def test_files_of_a_room_that_meet_in_one_compilation_mean_one_thing_by_a_name(self) -> None:
        self.expect_meeting("struct State {\n  int a;\n};", "using State = int;", "State")
        self.expect_meeting("constexpr int bytes = 1;", "constexpr int bytes[] = {2};", "bytes")
        self.expect_meeting("template <class T>\nclass Pool {};", "struct Pool {};", "Pool")
        self.expect_meeting("void f(const int& a,\n       B b = {}) {", "int f(const int& c, B) { return 1; }", "f")

    def test_overloads_members_and_declarations_in_files_of_a_room_may_meet(self) -> None:
        self.expect_meeting("void f(int a) {}", "void f(long a) {}\nvoid f(int a, int b) {}")
        self.expect_meeting("void A::f(int a) {}", "void B::f(int a) {}")
        self.expect_meeting("struct A;\nusing std::string;", "struct A;\nusing std::string;")

    def test_a_name_of_one_file_is_no_type_of_the_rooms_headers(self) -> None:
        self.write("src/base/reader.hpp", "#pragma once\nnamespace scaler {\nclass Reader {\n};\n}  // namespace scaler\n")
        own = "namespace scaler {\nnamespace {\nstruct Reader {};\n}  // namespace\n}  // namespace scaler\n"
        self.write("src/base/bytes.cpp", own)
        (found,) = check.findings_in(self.root)
        self.assertIn("Reader of its own", found.what)

    def test_sources_are_ascii(self) -> None:
        self.expect(SCHEDULER, "\n// na\u00efve\n", 2, "U+00EF")

    def test_there_are_no_block_comments(self) -> None:
        self.expect(SCHEDULER, 'const char* a = "//";\nint x; /* old */\n', 2, "block comment")

    def test_only_log_lines_read_the_wall_clock(self) -> None:
        self.expect(SCHEDULER, "\nauto now = std::time(nullptr);\n", 2, "the wall clock")

    def test_headers_are_guarded(self) -> None:
        old = "#ifndef A\n#define A\n#endif\n"
        self.expect("include/scaler/base/bytes.hpp", old, 1, "#pragma once")

    def test_files_are_not_endless(self) -> None:
        self.expect(SCHEDULER, "int x;\n" * 601, 600, "601 lines")

    def test_what_does_not_belong_in_a_repository_is_found(self) -> None:
        for line, what in (
            ("// see iss" + "ue #12", "number of an issue"),
            ("// /wor" + "k/wt", "machine"),
            ("// in share" + "d/spec", "machine"),
            ("// TO" + "DO: later", "without its kind"),
        ):
            with self.subTest(line):
                self.expect(SCHEDULER, f"\n{line}\n", 2, what)

    def test_the_graph_names_who_includes_whom(self) -> None:
        lines = self.run_check("--graph").stdout.splitlines()
        self.assertEqual(lines[0], "graph TD")
        self.assertIn("  scheduler --> wire", lines)
        self.assertIn("  net --> zmtp", lines)
        self.assertNotIn("  scheduler --> net", lines)


if __name__ == "__main__":
    unittest.main()
