"""The outcome of every row: parts during a run, and one `items.parquet` when it is published."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from voicemill.model import MadeFile, Op, Outcome, State, Status
from voicemill.store import durable_files as durable
from voicemill.store.tables import release_memory
from voicemill.store.tables.row_codec import SCHEMA as PLAN_SCHEMA
from voicemill.store.tables.row_groups import tables_with
from voicemill.store.tables.table_columns import batches, batches_of, with_value
from voicemill.store.tables.table_damage import READ_ERRORS, table_damage

_MOMENT = pa.timestamp("us", tz="UTC")

_MADE_FILE = pa.struct([("file_name", pa.string()), ("sha256", pa.string()), ("size_bytes", pa.int64())])

_OUTCOME_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "status": pa.string(),
    "error_class": pa.string(),
    "error_code": pa.string(),
    "error_message": pa.string(),
    "file_name": pa.string(),
    "sha256": pa.string(),
    "size_bytes": pa.int64(),
    "more_files": pa.list_(_MADE_FILE),
    "duration_s": pa.float64(),
    "sample_rate_hz": pa.int32(),
    "words": pa.int32(),
    "suspect": pa.list_(pa.string()),
    "word_error_rate": pa.float64(),
    "damaged_s": pa.float64(),
    "characters": pa.int64(),
    "calls": pa.int32(),
    "credits": pa.float64(),
    "attempts": pa.int32(),
    "latency_s": pa.float64(),
    "request_ids": pa.list_(pa.string()),
    "started_at": _MOMENT,
    "finished_at": _MOMENT,
    "fingerprint": pa.string(),
    "made_from": pa.list_(pa.string()),
    "check": pa.string(),
    "takes": pa.int32(),
    "verdict": pa.string(),
}
OUTCOME_SCHEMA = pa.schema(_OUTCOME_TYPES)
LATER_COLUMNS = frozenset({"damaged_s", "audio_track", "check", "takes", "verdict", "allowed_words"})
"""Columns that tables of earlier versions do not have."""
FROM_PLAN = (
    "op",
    "transcript",
    "voice",
    "model",
    "language",
    "container",
    "sample_rate",
    "encoding",
    "bit_rate",
    "speed",
    "emotion",
    "audio",
    "left_audio",
    "right_audio",
    "text_file",
    "audio_track",
    "from_s",
    "to_s",
    "splice",
    "timestamps",
    "output_format",
    "allowed_words",
)
OWN_COLUMNS = frozenset((*OUTCOME_SCHEMA.names, *FROM_PLAN, "reference", "out"))

_OUTCOME_COLUMNS = (*OUTCOME_SCHEMA.names, "op", "transcript", "text_file")
"""The columns that an outcome is read from."""

_ROW_GROUP_ROWS = 5000

_RECORDINGS = ("audio", "left_audio", "right_audio")

_UNFINISHED = tuple(status.value for status in Status if status is not Status.DONE)

NUMBER = "\x00number"
"""A column of parts; no manifest can have a column of this name."""

CarriedTypes = dict[str, str]
"""The type of each carried column, in manifest order: `text`, `integer`, `number` or `boolean`."""

_ARROW_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


def write_part(path: Path, plan_rows: Iterable[pa.Table], outcomes: Sequence[Outcome], carried: CarriedTypes) -> None:
    """Write the part of one shard: its plan rows in order, with their outcomes and, in parts only, their numbers."""
    plan = pa.concat_tables(plan_rows)
    table = pa.Table.from_arrays([_column(field, outcomes) for field in OUTCOME_SCHEMA], schema=OUTCOME_SCHEMA)
    is_stt = pc.equal(plan.column("op"), pa.scalar(Op.STT.value))
    for name in FROM_PLAN:
        column = _plan_column(plan, name)
        if name == "transcript":
            is_output = pc.or_(is_stt, pc.is_valid(plan.column("text_file")))
            column = pc.if_else(is_output, pa.array([outcome.transcript for outcome in outcomes], pa.string()), column)
        table = table.append_column(PLAN_SCHEMA.field(name), column)
    reference = pc.if_else(is_stt, plan.column("transcript"), pa.scalar(None, pa.string()))
    table = table.append_column("reference", reference)
    table = table.append_column("out", plan.column("file_name"))
    for name, values in _carried_columns(plan.column("carried").to_pylist(), carried):
        table = table.append_column(name, values)
    table = table.append_column(NUMBER, plan.column("number"))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    durable.write_file(path, sink.getvalue().to_pybytes())
    release_memory()


def _plan_column(plan: pa.Table, name: str) -> "pa.ChunkedArray[Any]":
    """A column of the plan; null where an earlier version made the plan without it."""
    if name in plan.column_names:
        return plan.column(name)
    return pa.chunked_array([pa.nulls(len(plan), PLAN_SCHEMA.field(name).type)])


def _column(field: "pa.Field[Any]", outcomes: Sequence[Outcome]) -> "pa.Array[Any]":
    """One column of the outcomes. Columns take two thirds of the CPU and memory of a record for each row."""
    values = [getattr(outcome, field.name) for outcome in outcomes]
    if field.name == "more_files":
        values = [[asdict(made) for made in more] for more in values]
    column: pa.Array[Any] = pa.array(values, field.type)
    return column


def _carried_columns(texts: Sequence[str | None], carried: CarriedTypes) -> Iterator[tuple[str, "pa.Array[Any]"]]:
    records = [json.loads(text or "{}") for text in texts] if carried else []
    for name, kind in carried.items():
        values = [record.get(name) for record in records]
        if kind == "text":
            values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
        elif kind == "number":  # Arrow does not convert integers by itself
            values = [value if value is None else float(value) for value in values]
        yield name, pa.array(values, _ARROW_TYPES[kind])


def items_schema(carried: CarriedTypes) -> pa.Schema:
    """The schema of `items.parquet`."""
    last = [pa.field("reference", pa.string()), pa.field("out", pa.string())]
    own = [*OUTCOME_SCHEMA, *(PLAN_SCHEMA.field(name) for name in FROM_PLAN), *last]
    return pa.schema([*own, *(pa.field(name, _ARROW_TYPES[kind]) for name, kind in carried.items())])


def publish_items(parts: Sequence[Path], path: Path, carried: CarriedTypes) -> bool:
    """Merge all parts, in the given order, into one table; True if the file changed.

    Parts of the same range of rows, whose names are equal up to the first dot, are sorted by row number.
    """
    partial, schema = durable.new_partial(path), items_schema(carried)
    with durable.storage_errors(path), pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for table in _row_groups(parts):
            writer.write_table(table.select(schema.names))
    return durable.replace_if_changed(partial, path)


def _row_groups(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """The parts in few tables, because each row group takes time to write and to read."""
    group: list[pa.Table] = []
    for _, same_range in groupby(parts, key=lambda part: part.with_name(part.name.partition(".")[0])):
        tables = [_with_later_columns(pq.ParquetFile(part).read()) for part in same_range]
        group.append(tables[0] if len(tables) == 1 else pa.concat_tables(tables).sort_by(NUMBER))
        if sum(table.num_rows for table in group) >= _ROW_GROUP_ROWS:
            yield pa.concat_tables(group)
            group.clear()
    if group:
        yield pa.concat_tables(group)


def _with_later_columns(table: pa.Table) -> pa.Table:
    """A part with all columns; those that it lacks are null."""
    for name in sorted(LATER_COLUMNS.difference(table.column_names)):
        field = items_schema({}).field(name)
        table = table.append_column(field, pa.nulls(len(table), field.type))
    return table


def read_items(
    paths: Iterable[Path], columns: Sequence[str] | None = None, *, status: Sequence[Status] = tuple(Status)
) -> Iterator[dict[str, Any]]:
    """Stream the rows of tables whose status is one of `status`, as dictionaries. Raises `TableDamaged`.

    To filter by status, `columns` must contain `status`.
    """
    wanted = [one.value for one in status]
    for path in paths:
        with table_damage(path), pq.ParquetFile(path) as file:
            _expect_our_columns(file.schema_arrow)
            groups = _groups_with(wanted, file) if len(wanted) < len(Status) else None
            for batch in batches(file, columns, 1000, groups):
                yield from (batch if len(wanted) == len(Status) else with_value(batch, "status", wanted)).to_pylist()


def _groups_with(status: Sequence[str], file: pq.ParquetFile) -> list[int]:
    """The row groups with a row of one of these statuses: to read all columns of the others would be wasted."""
    found = (file.read_row_group(group, columns=["status"]).column("status") for group in range(file.num_row_groups))
    wanted = pa.array(status, pa.string())
    return [group for group, column in enumerate(found) if pc.any(pc.is_in(column, wanted)).as_py()]


def _expect_our_columns(schema: pa.Schema) -> None:
    """Raise `KeyError` or `ValueError` if a column is missing or has another type: the footer is damaged."""
    for field in items_schema({}):
        if field.name in LATER_COLUMNS and field.name not in schema.names:
            continue
        if not schema.field(field.name).type.equals(field.type):
            raise ValueError(f"{field.name} has another type")


def outputs_used(path: Path) -> dict[str, str]:
    """The files, by row id, of finished rows whose output an unfinished row uses."""
    wanted = sorted({name[1:] for name in _recordings_of_unfinished(path) if _is_id(name)})
    made: dict[str, str] = {}
    for batch in batches_of(path, ["id", "status", "file_name"]) if wanted else ():
        used = with_value(with_value(batch, "id", wanted), "status", [Status.DONE])
        made |= {str(record["id"]): str(record["file_name"]) for record in used.to_pylist()}
    return made


def _recordings_of_unfinished(path: Path) -> Iterator[str | None]:
    for batch in batches_of(path, ["status", *_RECORDINGS]):
        unfinished = with_value(batch, "status", _UNFINISHED)
        for name in _RECORDINGS:
            yield from unfinished.column(name).to_pylist()


def _is_id(name: str | None) -> TypeGuard[str]:
    return name is not None and name.startswith("@")


def count_by_status(path: Path) -> dict[str, int]:
    """The number of rows of each status."""
    found = (str(status) for batch in batches_of(path, ["status"]) for status in batch.column(0).to_pylist())
    return dict.fromkeys((status.value for status in Status), 0) | Counter(found)


def known_outcomes(tables: Sequence[Path], ids: Sequence[str]) -> dict[str, Outcome]:
    """The outcomes of the rows `ids` in earlier tables, of which the last wins. Damaged tables are ignored."""
    return {each.id: each for _, found in outcomes_by_table(tables, ids) for each in found}


def outcomes_by_table(tables: Sequence[Path], ids: Sequence[str]) -> Iterator[tuple[Path, list[Outcome]]]:
    """The outcomes of the rows `ids` in each table that has some, in the order of the tables.

    Damaged tables are ignored: they are rebuilt.
    """
    wanted = pa.array(ids, pa.string())
    for path, group in tables_with(ids, tables, _OUTCOME_COLUMNS) if ids else ():
        try:
            table = group.filter(pc.is_in(group.column("id"), wanted))
            found = [_outcome(record) for record in table.to_pylist()]
        except READ_ERRORS:
            continue
        yield path, found


def _outcome(record: dict[str, Any]) -> Outcome:
    found_values = {name: record[name] for name in OUTCOME_SCHEMA.names if name in record or name not in LATER_COLUMNS}
    return Outcome(
        **found_values
        | {
            "status": Status(record["status"]),
            "request_ids": tuple(record["request_ids"]),
            "suspect": tuple(record["suspect"]),
            "more_files": tuple(MadeFile(**made) for made in record["more_files"]),
            "made_from": tuple(record["made_from"]),
            "verdict": State(record["verdict"]) if record.get("verdict") else None,
            "transcript": record["transcript"] if record["op"] == Op.STT or record["text_file"] else None,
        }
    )
