"""The errors of reading a damaged table."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from voicemill.errors import StorageError

READ_ERRORS: Final = (pa.ArrowException, OSError, EOFError, KeyError, ValueError)
"""What PyArrow and the conversion of its values raise for a damaged table."""


class TableDamaged(StorageError):
    """A table is missing or damaged. Rerun the command: it rebuilds tables without a call."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing or damaged; rerun the command to rebuild it")
        self.path = path


@contextmanager
def table_damage(path: Path) -> Iterator[None]:
    """Convert `READ_ERRORS` to `TableDamaged`."""
    try:
        yield
    except READ_ERRORS as error:
        raise TableDamaged(path) from error
