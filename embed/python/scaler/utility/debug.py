"""Help for those who debug a program."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable


def pdb_wrapped(func: Callable[..., Any]) -> Callable[..., Any]:
    """A main function that opens the debugger where it failed, and else exits with what it returns."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            code = func(*args, **kwargs)
        except Exception:
            import pdb

            pdb.post_mortem(sys.exc_info()[2])
            raise
        sys.exit(code)

    return wrapper
