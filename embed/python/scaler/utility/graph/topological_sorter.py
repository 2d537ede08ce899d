"""graphlib's TopologicalSorter and CycleError, for Python 3.8 as well."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 9):
    from graphlib import CycleError, TopologicalSorter
else:
    from scaler.utility.graph._graphlib import CycleError, TopologicalSorter

__all__ = ["CycleError", "TopologicalSorter"]
