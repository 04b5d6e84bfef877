"""The `voicemill` command as a process: also `python -m voicemill`."""

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import NoReturn

_NEW_OBJECTS = 50_000
"""New objects between two passes of the garbage collector. Imports create hundreds of thousands of objects that stay:
with Python's default of 700, traversing them takes a fifth of the CPU time until the first call."""


class _WithoutPandas(MetaPathFinder):
    """Makes `import pandas` fail in this process.

    PyArrow imports pandas to recognize its objects. No command has any, and the import takes half a second.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Raises `ModuleNotFoundError` for pandas; other modules are found as usual."""
        if fullname == "pandas":
            raise ModuleNotFoundError("the voicemill command does not use pandas", name=fullname)


def main() -> NoReturn:
    """Set up the process for quick imports and run the command line."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    sys.meta_path.insert(0, _WithoutPandas())
    from voicemill.cli import main as run_command

    run_command()


if __name__ == "__main__":
    main()
