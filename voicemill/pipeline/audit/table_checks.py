"""Check the tables: unchanged since they were published, with one terminal status for each row of the plan."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from voicemill.model import Op, Status
from voicemill.pipeline.audit.violations import Kind, Violation
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import FROM_PLAN, LATER_COLUMNS, read_items
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.table_damage import TableDamaged, table_damage

Item = Mapping[str, Any]

_STATUSES = frozenset(status.value for status in Status)


def table_violations(folder: ResultsFolder) -> Iterator[Violation]:
    """Violations if the last run did not end, or a published file was changed."""
    if folder.was_interrupted:
        yield Violation(Kind.UNFINISHED, ".voicemill/parts", "the last run was interrupted; rerun the same command")
    elif not folder.items.is_file() and not folder.sums.is_file():
        yield Violation(Kind.UNFINISHED, folder.items.name, "no run has finished here; rerun the same command")
    else:
        yield from _changed_tables(folder)


def _changed_tables(folder: ResultsFolder) -> Iterator[Violation]:
    sums = folder.published_sums()
    for path in folder.published:
        if not path.is_file():
            yield Violation(Kind.TABLE, path.name, "it is missing")
        elif sums.get(path.name) != digest_of(path):
            yield Violation(Kind.TABLE, path.name, "it was changed after it was published")


def checked_items(folder: ResultsFolder, violations: list[Violation]) -> Iterator[Item]:
    """The rows of the table as far as they can be read. Violations in them are added to `violations`."""
    if not folder.items.is_file():
        return
    try:
        for number, (item, planned) in enumerate(zip_longest(read_items([folder.items]), _planned(folder)), start=1):
            why = _fault(item, planned)
            if why:
                row_id = (item or planned or {}).get("id", "")
                violations.append(Violation(Kind.ROW, f"{folder.items.name}, row {number}", why, str(row_id)))
            if item is not None:
                yield item
    except TableDamaged as damaged:
        violations.append(Violation(Kind.TABLE, damaged.path.name, str(damaged)))


def _planned(folder: ResultsFolder) -> Iterator[Item]:
    with table_damage(folder.plan):
        plan = PlanTable(folder.plan)
        for table in plan.records(0, len(plan)):
            known = [name for name in ("id", *FROM_PLAN) if name not in LATER_COLUMNS or name in table.column_names]
            yield from table.select(known).to_pylist()


def _fault(item: Item | None, planned: Item | None) -> str:
    if item is None or planned is None:
        where = "plan" if item is None else "table"
        return f"it is in the {where} only; rerun the same command"
    if item["id"] != planned["id"]:
        return f"the plan has row {planned['id']!r} in its place"
    if item["status"] not in _STATUSES:
        return f"its status is {item['status']!r}"
    if item["status"] != Status.DONE and not item["error_code"]:
        return "it is not done, and has no error code"
    in_both = [name for name in FROM_PLAN if name in planned and name in item]  # Earlier tables lack later columns.
    differing = [name for name in in_both if not _agrees(name, item, planned)]
    return f"the plan has another {' and '.join(differing)}; rerun the same command" if differing else ""


def _agrees(name: str, item: Item, planned: Item) -> bool:
    """Whether a column of the table matches the plan. The plan has a transcription's reference as its
    transcript, and no transcript for a row that takes its text from another row."""
    if name == "transcript" and item["op"] == Op.STT:
        return bool(item["reference"] == planned[name])
    return bool(item[name] == planned[name]) or (name == "transcript" and planned["text_file"] is not None)


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
