"""The columns of the results tables, from their Arrow schemas."""

from collections.abc import Mapping

import pyarrow as pa

from docs.reference_pages.markdown import code, explained, table
from voicemill.store.tables.items_table import FROM_PLAN, OUTCOME_SCHEMA
from voicemill.store.tables.row_codec import SCHEMA as PLAN_SCHEMA
from voicemill.store.tables.timings_tables import SCHEMAS

_FILE = pa.struct([("file_name", pa.string()), ("sha256", pa.string()), ("size_bytes", pa.int64())])
_NAMES: dict[pa.DataType, str] = {
    pa.list_(pa.string()): "list of strings",
    pa.list_(_FILE): "list of structs",
    SCHEMAS["passages"].field("why").type: "list of structs",
    pa.timestamp("us", tz="UTC"): "timestamp, UTC",
}


def items() -> str:
    """The columns of `items.parquet`: what became of each row, then what it asked for."""
    types = {field.name: field.type for field in OUTCOME_SCHEMA}
    types |= {name: PLAN_SCHEMA.field(name).type for name in FROM_PLAN}
    return _columns("items", types | {"reference": pa.string(), "out": pa.string()})


def words() -> str:
    """The columns of `words.parquet`."""
    return _columns("words", {field.name: field.type for field in SCHEMAS["words"]})


def segments() -> str:
    """The columns of `segments.parquet`."""
    return _columns("segments", {field.name: field.type for field in SCHEMAS["segments"]})


def passages() -> str:
    """The columns of `passages.parquet`."""
    return _columns("passages", {field.name: field.type for field in SCHEMAS["passages"]})


def _columns(section: str, types: Mapping[str, pa.DataType]) -> str:
    texts = explained(section, types)
    rows = [(code(name), _NAMES.get(kind, str(kind)), texts[name]) for name, kind in types.items()]
    return table(["column", "type", "meaning"], rows)
