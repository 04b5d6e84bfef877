"""Publish the tables of a run from the parts of its shards, in manifest order; unchanged files are left alone."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from voicemill.config import Settings
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.settled import record_plan_of_tables
from voicemill.pipeline.summary import Summary
from voicemill.pipeline.word_timings import flags_and_error_rate, publish_timings
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.tables import release_memory
from voicemill.store.tables.csv_tables import publish_failures, publish_metadata
from voicemill.store.tables.item_changes import RowStates, changes_between, row_states
from voicemill.store.tables.items_table import outputs_used, publish_items

_VERSIONS_OF = ("voicemill", "prefect", "httpx", "aiohttp", "pandas", "pyarrow", "tenacity", "av")


def publish(
    parts: Sequence[Path],
    results: ResultsFolder,
    facts: PlanFacts,
    settings: Settings,
    summary: Summary,
    started_at: datetime,
    finished_at: datetime,
) -> None:
    """Write the tables, the CSV files and `run.json`, record their checksums, then remove the parts.

    Without parts the published tables stay: no row of them has changed.

    Sets the fields of `summary` that only the tables can provide. Raises `StorageError`; the parts then remain, and
    the next run publishes them.
    """
    changed = _publish_tables(parts, results, facts) if parts else False
    release_memory()
    summary.suspect, summary.word_error_rate = flags_and_error_rate(results)
    changed |= _publish_csv(results, facts, tables_changed=changed or bool(parts))
    release_memory()
    if changed or summary.changed or not results.run_file.is_file():
        about = {
            "manifest": {"path": facts.manifest, "sha256": facts.digest, **facts.sums()},
            "service": summary.service,
            "started_at": started_at.isoformat(),
            "finished_at": finished_at.isoformat(),
            "summary": asdict(summary),
            "voices": facts.voices,
            "settings": settings.model_dump(),
            "warnings": facts.warnings,
            "versions": versions(),
        }
        write_json(results.run_file, about)
    results.record_sums()
    record_plan_of_tables(results, facts)
    results.clear_parts()


def _publish_tables(parts: Sequence[Path], results: ResultsFolder, facts: PlanFacts) -> bool:
    """Publish the Parquet tables; True if one changed."""
    before = row_states(results.items)
    changed = publish_items(parts, results.items, facts.carried)
    if changed:
        _record_changes(results, before)
    return publish_timings(results, items_changed=changed) or changed


def _publish_csv(results: ResultsFolder, facts: PlanFacts, *, tables_changed: bool) -> bool:
    """Publish the CSV files, unless they are those of the published tables; True if one changed."""
    if not tables_changed and results.is_as_published(results.metadata) and results.is_as_published(results.failures):
        return False
    changed = publish_metadata(results.items, results.metadata, facts.carried)
    made = outputs_used(results.items)
    return publish_failures(results.items, results.failures, facts.carried, made) or changed


def _record_changes(results: ResultsFolder, before: RowStates | None) -> None:
    """Record how this run changed the table of the one before it, for the report."""
    after = row_states(results.items) if before is not None else None
    if before is None or after is None:
        results.changes.unlink(missing_ok=True)
        return
    counts, ids = changes_between(before, after)
    compared_with = (read_json(results.run_file) or {}).get("finished_at")
    write_json(results.changes, {"compared_with": compared_with, "counts": counts, "ids": ids})


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that determine the result of a run."""
    return {name: version(name) for name in _VERSIONS_OF} | {"python": platform.python_version()}
