"""Quick imports at the start of a process of voicemill."""

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

_NEW_OBJECTS = 50_000
"""New objects between two passes of the garbage collector. Imports create hundreds of thousands of objects that stay:
with Python's default of 700, traversing them takes a fifth of the CPU time until the first call."""


_UNUSED = ("pandas", "httpx._main")
"""PyArrow imports pandas to recognize its objects, which takes half a second; httpx imports its command line."""


class _WithoutUnused(MetaPathFinder):
    """Makes imports of the unused modules fail in this process, which both libraries expect."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Raises `ModuleNotFoundError` for these modules; others are found as usual."""
        if fullname in _UNUSED:
            raise ModuleNotFoundError(f"processes of voicemill do not use {fullname}", name=fullname)


def import_quickly() -> None:
    """Leave out unused modules in this process and collect garbage less often. Call it before other imports."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    sys.meta_path.insert(0, _WithoutUnused())
