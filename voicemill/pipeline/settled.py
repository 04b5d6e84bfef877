"""Find the shards in which every row is done already, without deriving the calls of their rows.

A published table records for which plan it was published. If that plan, the tables and the files are unchanged, then
its finished rows need no further check: their calls and fingerprints are those of the plan.
"""

from collections.abc import Iterable, Sequence

from voicemill.pipeline.context import RunContext
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.shard import Shard
from voicemill.planning.estimate import total_work_s
from voicemill.store.durable_files import sha256_of
from voicemill.store.results_folder import ResultsFolder, read_json, write_json
from voicemill.store.tables.finished_rows import FileRecord, FinishedRows
from voicemill.store.tables.plan_table import PlanTable


def record_plan_of_tables(results: ResultsFolder, facts: PlanFacts) -> None:
    """Record that the published tables belong to this plan; only for plans that a later run can use again."""
    if facts.basis:
        write_json(results.table_plan, _table_plan(results, facts))


def _table_plan(results: ResultsFolder, facts: PlanFacts) -> dict[str, object]:
    regenerated = sha256_of(results.regenerated) if results.regenerated.is_file() else ""
    sums = results.published_sums()
    tables = {name: sums.get(name, "") for name in (results.items.name, *results.TIMINGS)}
    return {"plan_id": facts.plan_id, "basis": facts.basis, "regenerated": regenerated, "tables": tables}


def settled_shards(
    shards: Sequence[Shard], results: ResultsFolder, facts: PlanFacts, context: RunContext
) -> list[Shard]:
    """The shards whose rows are all done, with the files that the published table names.

    Counts their rows in the statistics of the run. None in a run that resumes an interrupted one.
    """
    if not facts.basis or any(results.parts.glob("*/*.parquet")) or not _is_unchanged(results, facts):
        return []
    settled = []
    finished, written_ns = FinishedRows(results.items), results.items.stat().st_mtime_ns
    calls = PlanTable(results.plan).calls_per_row()
    work_s = total_work_s(facts.calls, facts.characters, facts.transcribed_s, facts.converted_s)
    for shard in shards:
        files = finished.files(shard.start, shard.stop)
        if files is not None and _are_there(files, written_ns, context):
            _count(shard, int(calls[shard.start : shard.stop].sum()), work_s / max(1, facts.calls), context)
            settled.append(shard)
    return settled


def write_settled_parts(settled: Sequence[Shard], results: ResultsFolder) -> None:
    """Copy the rows of settled shards from the published table to their parts. Raises `StorageError`."""
    finished, plan = FinishedRows(results.items), PlanTable(results.plan)
    for shard in settled:
        finished.write_part(shard.part, shard.start, shard.stop, plan)


def _is_unchanged(results: ResultsFolder, facts: PlanFacts) -> bool:
    if read_json(results.table_plan) != _table_plan(results, facts):
        return False
    return all(results.is_as_published(path) for path in results.published if path.suffix == ".parquet")


def _are_there(files: Iterable[FileRecord], written_ns: int, context: RunContext) -> bool:
    return all(context.outputs.is_as_recorded(name, size, sha256, written_ns) for name, size, sha256 in files)


def _count(shard: Shard, calls: int, work_per_call_s: float, context: RunContext) -> None:
    rows = shard.stop - shard.start
    context.stats.rows_done += rows
    context.stats.rows_unchanged += rows
    context.stats.calls_reused += calls
    context.stats.work_reused_s += calls * work_per_call_s
