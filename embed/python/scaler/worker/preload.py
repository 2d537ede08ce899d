"""`package.module:function(literals)`: what each processor calls before its first task."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

try:
    from scaler_runtime.preload import PreloadSpecError, execute_preload, parse_preload_spec
except ImportError:  # outside the program: a wheel has a copy of that module
    from scaler.worker._preload import (  # type: ignore[import-not-found, no-redef, unused-ignore]
        PreloadSpecError,
        execute_preload,
        parse_preload_spec,
    )

__all__ = ["PreloadSpecError", "execute_preload"]


def _parse_preload_spec(spec: str) -> Tuple[str, str, Optional[List[Any]], Optional[Dict[str, Any]]]:
    """(module, function, arguments, keyword arguments); the last two are None for a name without parentheses."""
    module, name, args, kwargs = parse_preload_spec(spec)
    if spec.rstrip().endswith(")"):
        return module, name, list(args), dict(kwargs)
    return module, name, None, None
