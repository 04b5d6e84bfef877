"""Estimating a run before anything is billed: calls, credits, cost, audio length and run time."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from voicemill.config import LongText, Settings
from voicemill.manifest import ManifestCheck, VoiceDirectory
from voicemill.manifest.readers.dataframe import ManifestBytes
from voicemill.model import FAMILIES, Row, levels
from voicemill.pipeline.check_manifest import open_check
from voicemill.pipeline.limiter_setup import bounds_of, price_plan
from voicemill.pipeline.segmentation import with_cuts
from voicemill.planning.estimate import Estimate
from voicemill.planning.figures import PlanFigures
from voicemill.planning.predictions import expected_output, with_expected_inputs
from voicemill.planning.row_calls import RowPlan, plan_row
from voicemill.service import name_and_voices
from voicemill.store.answer_store import AnswerDamaged, AnswerStore
from voicemill.store.results_folder import ResultsFolder


async def estimate_run(manifest: str | ManifestBytes, settings: Settings, folder: ResultsFolder) -> PlanFigures:
    """Estimate a run of `manifest` into `folder`; stored answers are not billed again.

    Raises `ManifestError` with every problem.
    """
    service, voices = await name_and_voices(settings, earlier=_earlier_service(folder))
    answers = AnswerStore(folder.answers(settings.answers))
    with open_check(manifest, settings, VoiceDirectory(voices), folder) as check:
        estimate = _estimate(check, settings, service, answers)
    price = price_plan(settings.pace)
    slots: dict[str, int] = {family: bounds_of(settings.pace, price, family, service).start for family in FAMILIES}
    return PlanFigures.of(str(manifest), service, estimate, slots)


def _earlier_service(folder: ResultsFolder) -> str:
    if not folder.notes.is_dir():
        return ""
    from voicemill.pipeline.prepare import earlier_service  # imports Arrow and pandas

    return earlier_service(folder)


def _estimate(check: ManifestCheck, settings: Settings, service: str, answers: AnswerStore) -> Estimate:
    estimate = Estimate(is_check_free=settings.checks.recognizer == "local")
    dependents = []
    for row in check:
        if row.depends_on:
            dependents.append(row)
        else:
            plan = plan_row(with_cuts(row, settings.long_audio), service, settings.long_text)
            is_paid = {piece.call.key: answers.has(piece.call.key) for piece in plan.pieces}
            estimate.add(plan, is_paid, _transcribed(plan, is_paid, service, settings, answers))
    check.raise_if_bad()
    for plan in _dependent_plans(check, dependents, service, settings.long_text):
        estimate.add(plan, dict.fromkeys((piece.call.key for piece in plan.pieces), False), guessed=True)
    return estimate


def _transcribed(
    plan: RowPlan, is_paid: Mapping[str, bool], service: str, settings: Settings, answers: AnswerStore
) -> dict[str, bool]:
    """For each stored answer of a row, whether its transcription for a check is stored."""
    if plan.row.quality.check != "transcribed" or settings.checks.recognizer != "service" or not any(is_paid.values()):
        return {}
    from voicemill.pipeline.check_transcription import transcription_call  # imports audio libraries

    found = {}
    for call in (piece.call for piece in plan.pieces if is_paid[piece.call.key]):
        with suppress(AnswerDamaged):
            _, body = answers.read(call.key)
            transcription = transcription_call(service, settings.checks.model, body, plan.row.language)
            found[call.key] = answers.has(transcription.key)
    return found


def _dependent_plans(check: ManifestCheck, rows: list[Row], service: str, long_text: LongText) -> Iterator[RowPlan]:
    """Plans of rows that use the output of other rows, with guessed recordings and texts in place of that output."""
    made = {row.id: expected_output(row) for row in check if row.id in check.taken_ids} if rows else {}
    level = levels({row.id: row.depends_on for row in rows})
    for row in sorted(rows, key=lambda row: level[row.id]):
        ready = with_expected_inputs(row, made)
        made[row.id] = expected_output(ready)
        yield plan_row(ready, service, long_text)
