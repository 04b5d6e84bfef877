"""A pandas DataFrame as a manifest: converted to Parquet in memory, and read like any other Parquet manifest."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voicemill.errors import ManifestError, Problem

if TYPE_CHECKING:
    import pandas as pd

NAME = "DataFrame"


@dataclass(frozen=True, slots=True)
class ManifestBytes:
    """A manifest in memory. Relative paths in it start at `folder`."""

    content: bytes
    folder: Path
    name: str = NAME

    def __str__(self) -> str:
        return self.name


def manifest_bytes_of(frame: "pd.DataFrame") -> ManifestBytes:
    """`frame` as a manifest whose relative paths start at the working directory; NaN and NaT become empty cells.

    An index that has a name becomes a column. Raises `ManifestError` if a column mixes types or a name is no text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_names(frame)
    named = [name for name in frame.index.names if name is not None]
    table = frame.reset_index() if named and not set(named) & set(frame.columns) else frame
    content = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), content)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:  # ArrowTypeError is a TypeError.
        reason = " ".join(str(error).split())[:200]
        why = f"a column cannot be converted ({reason}); give each column one type, for example with astype(str)"
        raise ManifestError(NAME, [Problem(0, "", why)]) from None
    return ManifestBytes(content.getvalue(), Path.cwd())


def _check_names(frame: "pd.DataFrame") -> None:
    for name in frame.columns:
        if not isinstance(name, str):
            why = f"the column name {name!r} is not text; rename the column"
            raise ManifestError(NAME, [Problem(0, "", why)])
    repeated = sorted({name for name in frame.columns if list(frame.columns).count(name) > 1})
    if repeated:
        raise ManifestError(
            NAME, [Problem(0, name, "several columns have this name; rename them") for name in repeated]
        )
