"""Generate one passage of a finished row again; everything else of the row stays as it is."""

from dataclasses import replace

from voicemill.config import Settings
from voicemill.errors import ConfigError
from voicemill.pipeline.audit import answer_store
from voicemill.pipeline.prepare import earlier_service, planned_facts
from voicemill.pipeline.regenerated import Regenerated, RegeneratedPassages, check_passage
from voicemill.planning.row_calls import RowPlan, plan_row
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import known_outcomes
from voicemill.store.tables.plan_table import PlanTable


def record_regeneration(folder: ResultsFolder, passage: str, say: str) -> Regenerated:
    """Record that `passage`, as `ROW/NUMBER`, is to be generated again, with the words `say` unless that is empty.

    The next run of the folder makes the call. A passage that is recorded and not generated yet is not recorded twice.
    Raises `ConfigError` for an unknown passage, and `StorageError`. The folder must be locked.
    """
    row_id, _, number_text = passage.rpartition("/")
    if not row_id or not number_text.isdecimal():
        raise ConfigError(f"{passage!r} is not a passage; write ROW/NUMBER, such as chapter-03/17")
    plan, number = _plan_of(folder, row_id), int(number_text)
    check_passage(plan, number)
    recorded = RegeneratedPassages(folder.regenerated)
    waiting = recorded.find(plan, number)
    done = known_outcomes([folder.items], [row_id]) if folder.items.is_file() else {}
    is_done = row_id in done and done[row_id].fingerprint == recorded.apply(plan).fingerprint
    if waiting is not None and not is_done and waiting.say == say:
        return waiting
    return recorded.add(plan, number, say, answer_store(folder))


def _plan_of(folder: ResultsFolder, row_id: str) -> RowPlan:
    facts = planned_facts(folder)
    settings = Settings.model_validate(facts.settings)
    table = PlanTable(folder.plan)
    row = next((row for _, row in table.rows(0, len(table)) if row.id == row_id), None)
    if row is None:
        raise ConfigError(f"{folder.path} has no row {row_id!r}; items.parquet lists the rows")
    if row.text is not None:
        outcome = known_outcomes([folder.items], [row_id]).get(row_id)
        row = replace(row, transcript=(outcome and outcome.transcript) or "")
    return plan_row(row, earlier_service(folder), settings.long_text, settings.subtitles)
