"""The source map of a book: which element of the source each block of a chapter's text comes from."""

import io
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES: Final[dict[str, pa.DataType]] = {
    "chapter": pa.string(),
    "block": pa.int32(),
    "text_file": pa.string(),
    "start": pa.int64(),
    "stop": pa.int64(),
    "document": pa.string(),
    "path": pa.string(),
    "level": pa.int8(),
    "text": pa.string(),
}
_SCHEMA: Final = pa.schema(_TYPES)
"""`start` and `stop` count characters of the text file; `path` is an XPath, empty for text that was added."""


def source_map_bytes(blocks: Sequence[NamedTuple]) -> bytes:
    """The table as a Parquet file."""
    rows: list[dict[str, Any]] = [block._asdict() for block in blocks]
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), made, compression="zstd")
    return made.getvalue()
