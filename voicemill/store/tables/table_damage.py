"""A table that cannot be read, told as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from voicemill.errors import StorageError


class TableDamaged(StorageError):
    """A table is missing or its bytes changed; tables are made again by the same run."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing or damaged; run the same command again to have it made anew")
        self.path = path


@contextmanager
def table_damage(path: Path) -> Iterator[None]:
    """CallPermit whatever reading a damaged table raises into `TableDamaged`."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, KeyError, ValueError) as error:
        raise TableDamaged(path) from error
