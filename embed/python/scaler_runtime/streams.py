"""sys.stdout and sys.stderr of a task whose client wants to see them."""

import io
import threading

_LINE_CHARACTERS_MAX = 64 * 1024  # a line that never ends is sent in pieces of this size
_MESSAGE_CHARACTERS_MAX = 256 * 1024  # and a write of any length in messages of this


class TaskStream(io.TextIOBase):
    """Sends whole lines as they come and the rest on flush(). Once closed to the task, it writes to the stream it
    stood in for: a thread or a log handler of the task may keep it."""

    def __init__(self, send, fallback):
        super().__init__()
        self._send = send  # send(text); None once the task has ended
        self._fallback = fallback
        self._pending = []
        self._pending_characters = 0
        self._lock = threading.RLock()  # re-entrant: a signal handler of the user may print within print

    # ---- what a text stream answers ----

    @property
    def encoding(self):
        return "utf-8"

    @property
    def errors(self):
        return "backslashreplace"

    @property
    def newlines(self):
        return None

    @property
    def buffer(self):
        return _ByteStream(self)

    @property
    def name(self):
        return getattr(self._fallback, "name", None)

    @property
    def mode(self):
        return "w"

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):  # where child processes write to, if they are given this stream
        if self._fallback is None:
            raise io.UnsupportedOperation("fileno")
        return self._fallback.fileno()

    def reconfigure(self, **options):
        pass

    def close(self):  # not the task's to close
        self.flush()

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            if self._send is None:
                return len(text) if self._fallback is None else self._fallback.write(text)
            end = text.rfind("\n") + 1
            if end:
                self._pending.append(text[:end])
                self._emit()
            if end < len(text):
                self._pending.append(text[end:])
                self._pending_characters += len(text) - end
                if self._pending_characters >= _LINE_CHARACTERS_MAX:
                    self._emit()
        return len(text)

    def flush(self):
        with self._lock:
            if self._send is None:
                if self._fallback is not None:
                    self._fallback.flush()
            elif self._pending:
                self._emit()

    # ---- what the task's end does ----

    def finish(self):
        """Sends the rest; whatever is written later goes to the real stream."""
        with self._lock:
            if self._send is not None and self._pending:
                self._emit()
            self._send = None

    def abandon(self):
        """In a forked child: the channel and the text that waits belong to the parent."""
        self._lock = threading.RLock()
        self._pending = []
        self._pending_characters = 0
        self._send = None

    def _emit(self):
        text = "".join(self._pending)
        self._pending = []
        self._pending_characters = 0
        for start in range(0, len(text), _MESSAGE_CHARACTERS_MAX):
            self._send(text[start : start + _MESSAGE_CHARACTERS_MAX])


class _ByteStream(io.RawIOBase):
    """The `buffer` of a TaskStream: bytes join the text, decoded."""

    def __init__(self, stream):
        super().__init__()
        self._stream = stream

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        return self._stream.fileno()

    def write(self, data):
        data = bytes(data)
        self._stream.write(data.decode("utf-8", "backslashreplace"))
        return len(data)

    def flush(self):
        self._stream.flush()

    def close(self):
        pass
