"""The outcome of every row: parts while a run works, one `items.parquet` when it is published."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from voicemill.model import MadeFile, Op, Outcome, Status
from voicemill.store import durable_files as durable
from voicemill.store.tables.row_codec import SCHEMA as PLAN_SCHEMA
from voicemill.store.tables.table_damage import table_damage

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
}
OUTCOME_SCHEMA = pa.schema(_OUTCOME_TYPES)
_LATER_COLUMNS = frozenset({"damaged_s"})
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
    "from_s",
    "to_s",
    "splice",
    "timestamps",
    "output_format",
)
OWN_COLUMNS = frozenset((*OUTCOME_SCHEMA.names, *FROM_PLAN, "reference", "out"))

_ROW_GROUP_ROWS = 5000

_NUMBER = "\x00number"
"""The column of parts that no table of a user can have."""

CarriedTypes = dict[str, str]
"""Carried columns in manifest order, each with `text`, `integer`, `number` or `boolean`."""

_ARROW_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


def write_part(path: Path, plan_rows: Iterable[pa.Table], outcomes: Sequence[Outcome], carried: CarriedTypes) -> None:
    """Write one shard's part of the table: its plan rows, in order, each with its outcome and, for now, its number."""
    plan = pa.concat_tables(plan_rows)
    table = pa.Table.from_arrays([_column(field, outcomes) for field in OUTCOME_SCHEMA], schema=OUTCOME_SCHEMA)
    is_heard = pc.equal(plan.column("op"), pa.scalar(Op.STT.value))
    for name in FROM_PLAN:
        column = plan.column(name)
        if name == "transcript":
            comes_later = pc.or_(is_heard, pc.is_valid(plan.column("text_file")))
            column = pc.if_else(comes_later, pa.array([outcome.heard for outcome in outcomes], pa.string()), column)
        table = table.append_column(plan.schema.field(name), column)
    reference = pc.if_else(is_heard, plan.column("transcript"), pa.scalar(None, pa.string()))
    table = table.append_column("reference", reference)
    table = table.append_column("out", plan.column("file_name"))
    for name, values in _carried_columns(plan.column("carried").to_pylist(), carried):
        table = table.append_column(name, values)
    table = table.append_column(_NUMBER, plan.column("number"))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    durable.write_file(path, sink.getvalue().to_pybytes())


def _column(field: "pa.Field[Any]", outcomes: Sequence[Outcome]) -> "pa.Array[Any]":
    """One column at a time: a record for each row would take half as much CPU and memory again."""
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
        elif kind == "number":  # Arrow refuses to round a whole number by itself
            values = [value if value is None else float(value) for value in values]
        yield name, pa.array(values, _ARROW_TYPES[kind])


def items_schema(carried: CarriedTypes) -> pa.Schema:
    """The schema of `items.parquet`."""
    last = [pa.field("reference", pa.string()), pa.field("out", pa.string())]
    own = [*OUTCOME_SCHEMA, *(PLAN_SCHEMA.field(name) for name in FROM_PLAN), *last]
    return pa.schema([*own, *(pa.field(name, _ARROW_TYPES[kind]) for name, kind in carried.items())])


def publish_items(parts: Sequence[Path], path: Path, carried: CarriedTypes) -> bool:
    """Make one table of all parts, in the order given; True where it differs from the one that is there.

    Parts of one stretch of rows, whose names agree up to the first dot, are merged by the numbers of their rows.
    """
    partial, schema = durable.new_partial(path), items_schema(carried)
    with durable.storage_errors(path), pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for table in _row_groups(parts):
            writer.write_table(table.select(schema.names))
    return durable.replace_if_changed(partial, path)


def _row_groups(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """The parts as few tables, for each row group that is written or read takes its time."""
    group: list[pa.Table] = []
    for _, stretch in groupby(parts, key=lambda part: part.with_name(part.name.partition(".")[0])):
        tables = [_with_later_columns(pq.ParquetFile(part).read()) for part in stretch]
        group.append(tables[0] if len(tables) == 1 else pa.concat_tables(tables).sort_by(_NUMBER))
        if sum(table.num_rows for table in group) >= _ROW_GROUP_ROWS:
            yield pa.concat_tables(group)
            group.clear()
    if group:
        yield pa.concat_tables(group)


def _with_later_columns(table: pa.Table) -> pa.Table:
    """A part with all columns; those that it lacks are null."""
    for name in sorted(_LATER_COLUMNS.difference(table.column_names)):
        table = table.append_column(OUTCOME_SCHEMA.field(name), pa.nulls(len(table), OUTCOME_SCHEMA.field(name).type))
    return table


def read_items(
    paths: Iterable[Path], columns: Sequence[str] | None = None, *, status: Sequence[Status] = tuple(Status)
) -> Iterator[dict[str, Any]]:
    """The rows of one or many tables that ended as one of `status`, streamed, as dictionaries. Raises `TableDamaged`.

    Where rows are to be left out, `status` must be among the columns.
    """
    wanted = pa.array(sorted(one.value for one in status), pa.string())
    for path in paths:
        with table_damage(path), pq.ParquetFile(path) as file:
            _expect_our_columns(file.schema_arrow)
            for batch in file.iter_batches(batch_size=1000, columns=list(columns) if columns else None):
                if len(wanted) < len(Status):
                    batch = batch.filter(pc.is_in(batch.column("status"), wanted))
                yield from batch.to_pylist()


def _expect_our_columns(schema: pa.Schema) -> None:
    """Raise `KeyError` or `ValueError` where a column of ours is missing or of another type: a footer was damaged."""
    for field in items_schema({}):
        if field.name in _LATER_COLUMNS and field.name not in schema.names:
            continue
        if not schema.field(field.name).type.equals(field.type):
            raise ValueError(f"{field.name} is of another type")


def outputs_taken(path: Path) -> dict[str, str]:
    """The finished rows whose output an unfinished row takes in: their files by their ids."""
    columns = ["audio", "left_audio", "right_audio"]
    unfinished = ds.dataset(path).to_table(columns=columns, filter=pc.field("status") != Status.DONE.value)
    named = {str(name)[1:] for name in chain.from_iterable(c.to_pylist() for c in unfinished.columns) if _is_id(name)}
    if not named:
        return {}
    wanted = pc.field("id").isin(pa.array(sorted(named), pa.string())) & (pc.field("status") == Status.DONE.value)
    done = ds.dataset(path).to_table(columns=["id", "file_name"], filter=wanted)
    return {record["id"]: record["file_name"] for record in done.to_pylist()}


def _is_id(name: object) -> bool:
    return isinstance(name, str) and name.startswith("@")


def count_by_status(path: Path) -> dict[str, int]:
    """How many rows of a table ended how."""
    counts = dict.fromkeys((status.value for status in Status), 0)
    found = pq.read_table(path, columns=["status"]).group_by("status").aggregate([("status", "count")])
    return counts | {row["status"]: row["status_count"] for row in found.to_pylist()}


def known_outcomes(tables: Sequence[Path], ids: Sequence[str]) -> dict[str, Outcome]:
    """What earlier tables say of the rows named `ids`. Damaged tables are passed over: they are rebuilt."""
    known: dict[str, Outcome] = {}
    wanted = pa.array(ids, pa.string())
    for path in tables if ids else ():
        try:
            first, last = _first_and_last_id(path, path.stat().st_mtime_ns)
            if max(ids) < first or (last is not None and last < min(ids)):
                continue
            known_table = ds.dataset(path)
            absent = _LATER_COLUMNS.difference(known_table.schema.names)
            columns = [*(name for name in OUTCOME_SCHEMA.names if name not in absent), "op", "transcript", "text_file"]
            table = known_table.to_table(columns=columns, filter=pc.field("id").isin(wanted))
        except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError):
            continue
        known |= {record["id"]: _outcome(record) for record in table.to_pylist()}
    return known


@lru_cache(maxsize=10_000)
def _first_and_last_id(path: Path, _written_at_ns: int) -> tuple[str, str | None]:
    """Between which ids those of a table lie, as far as its footer tells.

    A run that was killed has left a part for each shard, and each shard of the next one asks them all for its rows.
    """
    footer = pq.read_metadata(path)
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    told = [column.statistics for column in columns if column.path_in_schema == "id"]
    bounds = [(str(each.min), str(each.max)) for each in told if each is not None and each.has_min_max]
    if not told or len(bounds) < len(told):
        return "", None
    return min(first for first, _ in bounds), max(last for _, last in bounds)


def _outcome(record: dict[str, Any]) -> Outcome:
    told = {name: record[name] for name in OUTCOME_SCHEMA.names if name in record or name not in _LATER_COLUMNS}
    return Outcome(
        **told
        | {
            "status": Status(record["status"]),
            "request_ids": tuple(record["request_ids"]),
            "suspect": tuple(record["suspect"]),
            "more_files": tuple(MadeFile(**made) for made in record["more_files"]),
            "made_from": tuple(record["made_from"]),
            "heard": record["transcript"] if record["op"] == Op.STT or record["text_file"] else None,
        }
    )
