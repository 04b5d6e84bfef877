"""The error for a table that cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from voicemill.errors import StorageError


class TableDamaged(StorageError):
    """A table is missing or damaged. Rerun the command: it rebuilds tables without a call."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing or damaged; rerun the command to rebuild it")
        self.path = path


@contextmanager
def table_damage(path: Path) -> Iterator[None]:
    """Convert the errors of reading a damaged table to `TableDamaged`."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, KeyError, ValueError) as error:
        raise TableDamaged(path) from error
