"""A terminal with a program on it: what the program draws is kept as a grid, as a person would see it."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

SEQUENCE = re.compile(r"\x1b(?:\[(?P<numbers>[?0-9;]*)(?P<final>[@-~])|[()][A-Z0-9]|[=>78])")


class Grid:
    """What ECMA-48 sequences leave on the screen; those of another screen than the usual one are kept apart from it."""

    def __init__(self, columns, rows):
        self.modes = {"?7", "?25"}  # wraps, shows the cursor
        self._resize(columns, rows)

    def _resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.usual, self.other = [], []
        self.row = self.column = 0
        self.wipe()

    def wipe(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]

    resize = _resize

    def feed(self, text):
        while text:
            match = SEQUENCE.match(text)
            if match:
                text = text[match.end():]
                if match["final"]:
                    self._obey(match["final"], match["numbers"])
            elif text[0] == "\x1b" and len(text) < 24:
                return text  # the rest is on its way
            else:
                self._put(text[0])
                text = text[1:]
        return ""

    def _put(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.row = min(self.row + 1, self.rows - 1)
        elif letter == "\b":
            self.column = max(self.column - 1, 0)
        elif letter >= " ":
            if self.column < self.columns:
                self.cells[self.row][self.column] = letter
            self.column += 1
            self.last = letter

    def _obey(self, final, numbers):
        if final in "hl":
            for mode in numbers.lstrip("?").split(";"):
                (self.modes.add if final == "h" else self.modes.discard)("?" + mode)
            if numbers == "?1049":
                self.wipe()
            return
        values = [int(number or 0) for number in numbers.split(";")] if "?" not in numbers else []
        first = values[0] if values else 0
        row = self.cells[self.row]
        if final == "H":
            self.row = min(max(first, 1), self.rows) - 1
            self.column = max(values[1] if len(values) > 1 else 1, 1) - 1
        elif final == "J":
            self.wipe()
        elif final == "K":
            start, end = (0, self.column) if first == 1 else (self.column, self.columns)
            row[start:end] = [" "] * (min(end, self.columns) - min(start, self.columns))
        elif final == "X":
            end = min(self.column + max(first, 1), self.columns)
            row[self.column:end] = [" "] * (end - self.column)
        elif final == "b":
            for _ in range(max(first, 1)):
                self._put(self.last)
        elif final == "G":
            self.column = max(first, 1) - 1
        elif final == "d":
            self.row = min(max(first, 1), self.rows) - 1
        elif final == "C":
            self.column += max(first, 1)
        elif final not in "mrt":
            raise AssertionError(f"an unknown sequence: {numbers}{final}")

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)


class Terminal:
    """A program on a terminal of its own, with the shell's part played by the test."""

    def __init__(self, *arguments, columns=120, rows=40, env=None, **options):
        try:
            self._side, self.inside = pty.openpty()
        except OSError as error:  # a bare root without /dev/pts
            raise unittest.SkipTest(f"no terminal to be had: {error}") from error
        self.grid = Grid(columns, rows)
        self.written = ""  # everything, in its order
        self.reads = 0
        self._rest = ""
        self._changed = threading.Condition()
        self._set_size(columns, rows)
        self.modes_before = termios.tcgetattr(self.inside)
        self.process = subprocess.Popen(
            list(arguments), stdin=self.inside, stdout=self.inside, stderr=self.inside, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm", "LANG": "C.UTF-8", **(env or {})}, **options,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        while True:
            try:
                got = os.read(self._side, 65536).decode(errors="replace")
            except OSError:
                return
            with self._changed:
                self.reads += 1
                self.written += got
                self._rest = self.grid.feed(self._rest + got)
                self._changed.notify_all()

    def press(self, keys):
        os.write(self._side, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, columns, rows):
        with self._changed:
            self.grid.resize(columns, rows)
            self._set_size(columns, rows)

    @property
    def text(self):
        with self._changed:
            return self.grid.text()

    def wait_for(self, holds, what, limit_s=20):
        """Until what is on the screen fulfils a condition, given as a function of the text or as a regular expression."""
        test = holds if callable(holds) else lambda text: re.search(holds, text, re.MULTILINE)
        deadline = time.monotonic() + limit_s
        with self._changed:
            while not test(self.grid.text()):
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() > deadline:
                    raise AssertionError(f"{what}; exit code {self.process.poll()}; on the screen:\n{self.grid.text()}")
            return self.grid.text()

    def see(self, pattern, limit_s=20):
        return self.wait_for(pattern, f"not on the screen: {pattern}", limit_s)

    def wait_exit(self, limit_s=20):
        code = self.process.wait(limit_s)
        # What it wrote last is read when the other side is closed, and not before.
        with contextlib.suppress(TimeoutError):
            self._drain()
        return code

    def _drain(self):
        mark = f"end of {self.process.pid}"
        os.write(self.inside, mark.encode())
        with self._changed:
            self._changed.wait_for(lambda: mark in self.written, 20)

    def is_restored(self):
        """Modes, cursor, wrapping and the usual screen are back."""
        modes = self.grid.modes
        return termios.tcgetattr(self.inside) == self.modes_before and modes >= {"?7", "?25"} and "?1049" not in modes

    def signal(self, number):
        self.process.send_signal(number)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        os.close(self.inside)
        os.close(self._side)
