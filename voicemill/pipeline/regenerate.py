"""Generate one passage of a finished row again; everything else of the row stays as it is."""

import hashlib
from dataclasses import replace
from typing import Literal

from voicemill.audio.encode import encode
from voicemill.audio.join import read_samples
from voicemill.config import Settings
from voicemill.errors import ConfigError
from voicemill.model import Tts
from voicemill.model.audio_formats import AudioFormat
from voicemill.pipeline.audit import answer_store
from voicemill.pipeline.passages import Line, as_kept
from voicemill.pipeline.prepare import earlier_service, planned_facts
from voicemill.pipeline.regenerated import Neighbor, Regenerated, RegeneratedPassages, Sides, check_passage
from voicemill.planning.row_calls import CONTEXT_S, CallPiece, RowPlan, plan_row
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerDamaged
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import known_outcomes
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.timings_tables import read_timings


def record_regeneration(
    folder: ResultsFolder, passage: str, say: str, way: Literal["take", "infill"] = "take"
) -> Regenerated:
    """Record that `passage`, as `ROW/NUMBER`, is to be generated again, with the words `say` unless that is empty.

    With `way` `infill`, it fits between the passages before and after it. The next run of the folder makes the call.
    If the same record exists and no run with it has ended, nothing is added, so that a command that is repeated after a
    kill gets the same take.
    Raises `ConfigError` for an unknown passage, and `StorageError`. The folder must be locked.
    """
    row_id, _, number_text = passage.rpartition("/")
    if not row_id or not number_text.isdecimal():
        raise ConfigError(f"{passage!r} is not a passage; write ROW/NUMBER, such as chapter-03/17")
    plan, number = _plan_of(folder, row_id), int(number_text)
    check_passage(plan, number)
    recorded = RegeneratedPassages(folder.regenerated)
    waiting = recorded.find(plan, number)
    is_same = waiting is not None and (waiting.say, waiting.is_infill) == (say, way == "infill")
    if waiting is not None and is_same and not _is_published(folder, recorded.apply(plan)):
        return waiting
    sides: Sides = (None, None)
    if way == "infill":
        _check_infill(plan, number)
        sides = _sides(folder, recorded.apply(plan), number)
    return recorded.add(plan, number, say, sides, answer_store(folder))


def _is_published(folder: ResultsFolder, plan: RowPlan) -> bool:
    """Whether a run has ended that made the row as planned."""
    if folder.was_interrupted or not folder.items.is_file():
        return False
    row_id = plan.row.id
    done = known_outcomes([folder.items], [row_id])
    return row_id in done and done[row_id].fingerprint == plan.fingerprint


def _sides(folder: ResultsFolder, plan: RowPlan, number: int) -> Sides:
    """The passages before and after one, with their audio in files of the folder. `plan` has the regenerated ones."""
    kept = _kept(folder, plan)
    left, right = (_neighbor(kept[near], folder) if near in kept else None for near in (number - 1, number + 1))
    return (
        left and replace(left, from_s=max(0.0, left.to_s - CONTEXT_S)),
        right and replace(right, to_s=min(right.to_s, CONTEXT_S)),
    )


def _kept(folder: ResultsFolder, plan: RowPlan) -> dict[int, CallPiece]:
    """The passages of a row by number, with the takes that were kept."""
    rows = read_timings(folder.passages) if folder.passages.is_file() else iter(())
    lines: dict[int, Line] = {line["passage"]: line for row, found in rows if row == plan.row.id for line in found}
    return {
        number: as_kept(piece, lines[number]) if number in lines else piece
        for number, piece in enumerate(plan.pieces, start=1)
    }


def _neighbor(piece: CallPiece, folder: ResultsFolder) -> Neighbor:
    """A passage, with its audio in a file of the folder."""
    try:
        receipt, body = answer_store(folder).read(piece.call.key)
    except AnswerDamaged:
        raise ConfigError(
            f"{folder.path} has no audio of the passages beside it; run the manifest again first"
        ) from None
    samples, info = read_samples(body)
    wav = encode(samples, info.sample_rate_hz, AudioFormat("wav", info.sample_rate_hz, info.encoding))
    neighbor = Neighbor(hashlib.sha256(wav).hexdigest(), 0.0, receipt.duration_s)
    path = neighbor.path(RegeneratedPassages(folder.regenerated).neighbors)
    durable.make_folder(path.parent)
    durable.write_file(path, wav)
    return neighbor


def _check_infill(plan: RowPlan, number: int) -> None:
    """Raise `ConfigError` if infill cannot replace a passage."""
    call, row = plan.pieces[number - 1].call, plan.row
    if not isinstance(call, Tts) or len(plan.pieces) == 1:
        raise ConfigError(f"{row.id}/{number} has no passage beside it; generate it again without --with infill")
    if row.output.needs_word_timestamps:
        raise ConfigError(
            f"row {row.id!r} has word timestamps, which infill does not return; generate the passage again without "
            "--with infill"
        )
    if isinstance(call.speed, float | int):
        raise ConfigError(f"row {row.id!r} has a speed factor, which infill does not take; use slow, normal or fast")


def _plan_of(folder: ResultsFolder, row_id: str) -> RowPlan:
    facts = planned_facts(folder)
    settings = Settings.model_validate(facts.settings)
    table = PlanTable(folder.plan)
    row = next((row for _, row in table.rows(0, len(table)) if row.id == row_id), None)
    if row is None:
        raise ConfigError(f"{folder.path} has no row {row_id!r}; items.parquet lists the rows")
    if row.speech.text_from is not None:
        outcome = known_outcomes([folder.items], [row_id]).get(row_id)
        row = replace(row, speech=replace(row.speech, text=(outcome and outcome.transcript) or ""))
    return plan_row(row, earlier_service(folder), settings.long_text, settings.subtitles)
