"""Shows how far a set of futures is: a bar in a terminal or a notebook, a line at the end elsewhere."""

from __future__ import annotations

import concurrent.futures
import html
import os
import sys
import time
from typing import Any, Callable, Collection, Iterable, Iterator, List, Optional

_BLOCKS = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"  # an eighth of a block more each
_DRAW_SECONDS = 0.1  # between two pictures at most so often


def as_completed(
    futures: Iterable[Any], timeout: Optional[float] = None, progress: bool = True, description: str = ""
) -> Iterator[Any]:
    """concurrent.futures.as_completed() with a bar.

    >>> for future in as_completed([client.submit(f, x) for x in data], description="files"):
    ...     print(future.result())

    `timeout` is in seconds from the first step of the iteration; then concurrent.futures.TimeoutError is raised.
    """
    waiting: Collection[Any] = set(futures)
    ended = concurrent.futures.as_completed(waiting, timeout)
    if not progress:
        yield from ended
        return
    with ProgressBar(len(waiting), description) as bar:
        for future in ended:
            bar.advance()
            yield future


def follow(futures: Iterable[Any], description: str = "") -> None:
    """Draws a bar until every future has ended, however it ended. Ctrl-C stops the waiting, not the tasks."""
    for _ in as_completed(futures, description=description):
        pass


class ProgressBar:
    """The picture of a count on its way to a total. Not for several threads at once."""

    def __init__(
        self,
        total: int,
        description: str = "",
        surface: Optional[Any] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._description = description
        self._surface = surface if surface is not None else _surface()
        self._clock = clock
        self._began = clock()
        self._drawn = float("-inf")
        self._count = 0
        self._closed = False

    def advance(self, steps: int = 1) -> None:
        self._count += steps
        now = self._clock()
        if now - self._drawn >= _DRAW_SECONDS:
            self._drawn = now
            self._surface.draw(self, now - self._began)

    def close(self) -> None:
        """Draws the last picture, and leaves it."""
        if not self._closed:
            self._closed = True
            self._surface.finish(self, self._clock() - self._began)

    def __enter__(self) -> ProgressBar:
        self._surface.draw(self, 0.0)
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def text(self, elapsed_s: float, width: int) -> str:
        """One line of `width` characters at most: " 45%|####      | 45/100 [00:03<00:04, 12.34it/s]"."""
        share = self._count / self._total if self._total else 1.0
        left = f"{self._description}: " if self._description else ""
        left += f"{share:4.0%}|"
        right = f"| {self._count}/{self._total} {self._speed(elapsed_s)}"
        room = width - len(left) - len(right)
        return (left + _blocks(share, room) + right)[:width] if room > 0 else (left + right)[:width]

    def page(self, elapsed_s: float) -> str:
        """The same for a notebook."""
        done = max(0, min(100, round(100 * self._count / self._total) if self._total else 100))
        title = html.escape(f"{self._description}: " if self._description else "")
        color = "#4c9a52" if self._count >= self._total else "#3a7bbf"
        return (
            f'<div style="display:flex;align-items:center;gap:8px;font-family:monospace">{title}{done}%'
            '<div style="flex:0 0 320px;height:14px;background:#e4e4e4">'
            f'<div style="width:{done}%;height:100%;background:{color}"></div></div>'
            f"{self._count}/{self._total} {html.escape(self._speed(elapsed_s))}</div>"
        )

    def _speed(self, elapsed_s: float) -> str:
        if not self._count or elapsed_s <= 0:
            return f"[{_clock_text(elapsed_s)}<?, ?it/s]"
        rate = self._count / elapsed_s
        rest = _clock_text(max(0, self._total - self._count) / rate)
        speed = f"{rate:.2f}it/s" if rate >= 1 else f"{1 / rate:.2f}s/it"
        return f"[{_clock_text(elapsed_s)}<{rest}, {speed}]"


def _blocks(share: float, room: int) -> str:
    eighths = int(max(0.0, min(1.0, share)) * room * 8)
    whole, part = divmod(eighths, 8)
    bar = _BLOCKS[-1] * whole + (_BLOCKS[part] if part else "")
    return bar.ljust(room)


def _clock_text(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


# ---- where it is drawn ----


class _Terminal:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def draw(self, bar: ProgressBar, elapsed_s: float) -> None:
        try:
            width = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            width = 80
        self._say("\r" + bar.text(elapsed_s, width).ljust(width))

    def finish(self, bar: ProgressBar, elapsed_s: float) -> None:
        self.draw(bar, elapsed_s)
        self._say("\n")

    def _say(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self._stream.write("".join("#" if character in _BLOCKS[1:] else character for character in text))
        self._stream.flush()


class _Lines:
    """A file or a pipe: one line when all is over."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def draw(self, bar: ProgressBar, elapsed_s: float) -> None:
        pass

    def finish(self, bar: ProgressBar, elapsed_s: float) -> None:
        line = bar.text(elapsed_s, 80)
        self._stream.write("".join("#" if character in _BLOCKS[1:] else character for character in line) + "\n")
        self._stream.flush()


class _Nowhere:
    def draw(self, bar: ProgressBar, elapsed_s: float) -> None:
        pass

    finish = draw


class _Notebook:
    def __init__(self) -> None:
        import IPython.display

        shown: Any = IPython.display  # untyped, where it is installed
        self._html = shown.HTML
        self._handle = shown.display(shown.HTML(""), display_id=True)

    def draw(self, bar: ProgressBar, elapsed_s: float) -> None:
        self._handle.update(self._html(bar.page(elapsed_s)))

    finish = draw


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code; IPython in a terminal is a terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _surface() -> Any:
    if _in_notebook():
        return _Notebook()
    stream = sys.stderr
    if stream is None:
        return _Nowhere()
    return _Terminal(stream) if stream.isatty() else _Lines(stream)


def results_of(futures: List[Any], progress: bool, description: str = "") -> List[Any]:
    """The results in order, with a bar while they come if wanted."""
    if progress:
        follow(futures, description)
    return [future.result() for future in futures]
