"""Process one row: decide which calls it needs, execute them, record the outcome. A failure of a row is an outcome."""

from dataclasses import replace
from typing import Any

from voicemill.errors import CallError, Refused, VoicemillError
from voicemill.model import AUDIO_OPS, Outcome, Passage, Receipt, Row, State, Status, worst
from voicemill.pipeline.assemble import assemble
from voicemill.pipeline.assemble.answer_files import is_the_file
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.call import count_reused
from voicemill.pipeline.context import RunContext, Stopped
from voicemill.pipeline.passages import passages_of
from voicemill.pipeline.takes import AnsweredRow, answered
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerDamaged
from voicemill.store.output_folder import OutputRefused, WholeFile
from voicemill.store.tables.timings_part import TimingsPart
from voicemill.text.quality_flags import quality_flags
from voicemill.text.word_error_rate import word_error_rate


async def process_row(
    plan: RowPlan, known: Outcome | None, context: RunContext, timings: TimingsPart, *, chosen: bool = True
) -> Outcome:
    """Process one row. A row that is not `chosen` stays as it is. Word timings are written to `timings`.

    `known` is the row's outcome in the tables of earlier runs. Errors of the row become its outcome; errors that
    concern every row stop the run.
    """
    settled = _settle(plan, known, context, chosen=chosen)
    outcome = settled if settled is not None else await _execute(plan, context, timings)
    _count(outcome, context)
    if outcome.status is Status.DONE:
        context.reused.pop(outcome.id, None)
    if settled is not None and settled == known:
        context.stats.rows_unchanged += 1
    return outcome


def _settle(plan: RowPlan, known: Outcome | None, context: RunContext, *, chosen: bool) -> Outcome | None:
    """The outcome of a row that needs no work, None if it needs processing."""
    if plan.row.refusal is not None:
        return _ended(plan, Status.REFUSED, "input", *plan.row.refusal)
    if known is not None and _is_complete(plan, known, context):
        for piece in plan.pieces:
            count_reused(piece.call, context.stats)
        context.stats.calls_reused += max(0, known.calls - len(plan.pieces))
        return known
    skipped = context.selection.skipped(plan, known, context.answers)
    if skipped is not None:
        return skipped
    if not chosen:
        return _ended(plan, Status.NOT_STARTED, "stopped", "not_chosen", "not among the rows of --sample or --limit")
    return None


async def _execute(plan: RowPlan, context: RunContext, timings: TimingsPart) -> Outcome:
    try:
        return await _deliver(plan, context, timings)
    except Stopped as stopped:
        return _ended(plan, Status.NOT_STARTED, "stopped", "stopped", str(stopped))
    except CallError as error:
        context.count_error()
        return _call_failed(plan, error)
    except OutputRefused as error:
        return _ended(plan, Status.REFUSED, "output", error.code, str(error))
    except VoicemillError as error:
        context.stop(error)
        return _ended(plan, Status.NOT_STARTED, "storage", "storage", str(error))


def _count(outcome: Outcome, context: RunContext) -> None:
    context.stats.rows_done += outcome.status is Status.DONE
    context.stats.rows_refused += outcome.status is Status.REFUSED
    context.stats.rows_failed += outcome.status is Status.FAILED


def _is_complete(plan: RowPlan, known: Outcome, context: RunContext) -> bool:
    """Whether the files and word timings of an earlier run are those that the row requests now."""
    if known.status is not Status.DONE:
        return False
    if known.fingerprint != plan.fingerprint or known.file_name != plan.row.file_name:
        return False
    if known.words is not None and not context.timings.has(known.id, known.words):
        return False
    if not _is_checked(plan.row, known, context):
        return False
    files = [(made.file_name, made.size_bytes) for made in known.more_files]
    files.append((plan.row.file_name, known.size_bytes or 0))
    return all(context.outputs.size_of(name) == size_bytes for name, size_bytes in files)


def _is_checked(row: Row, known: Outcome, context: RunContext) -> bool:
    """Whether an earlier run did at least the checks and takes that the row requests now.

    Rows that an earlier version generated without a check are not processed again for the default check.
    """
    if known.verdict is not None and not context.timings.has_passages(known.id):
        return False
    if row.quality.compares_words and known.check != row.quality.check:
        return False
    return known.verdict is not State.BAD or (known.takes or 1) >= row.quality.max_takes


async def _deliver(plan: RowPlan, context: RunContext, timings: TimingsPart) -> Outcome:
    answers, assembled = await _assembled(plan, context)
    passages = passages_of(answers.plan, answers.verdicts, assembled) if answers.verdicts else ()
    if passages:
        await _add_passages(plan.row.id, passages, timings, context)
    if assembled.transcript is not None:
        await context.in_thread(timings.add, plan.row.id, assembled.transcript)
    receipts = assembled.receipts
    if answers.more_keys:
        receipts += await context.in_thread(_receipts, answers.more_keys, context)
    return _ended(
        plan,
        Status.DONE,
        file_name=plan.row.file_name,
        sha256=assembled.delivered.sha256,
        size_bytes=assembled.delivered.size_bytes,
        more_files=assembled.more_files,
        duration_s=assembled.duration_s,
        sample_rate_hz=plan.row.output.sample_rate_hz,
        calls=len(plan.pieces) + len(answers.more_keys),
        **_with_verdict(passages, _with_damage(plan.row, _transcript_fields(plan, assembled))),
        credits=sum(receipt.credits for receipt in _paid_for(plan, receipts)),
        attempts=sum(receipt.attempts for receipt in receipts),
        latency_s=round(sum(receipt.latency_s for receipt in receipts), 4),
        request_ids=tuple(receipt.request_id for receipt in receipts if receipt.request_id),
        started_at=min(receipt.asked_at for receipt in receipts),
        finished_at=max(receipt.answered_at for receipt in receipts),
    )


async def _add_passages(row_id: str, passages: tuple[Passage, ...], timings: TimingsPart, context: RunContext) -> None:
    """Add the passages of a row. Mostly this only fills a buffer, which costs less than a thread."""
    if timings.writes_when_adding("passages", len(passages)):
        await context.in_thread(timings.add_passages, row_id, passages)
    else:
        timings.add_passages(row_id, passages)


def _with_damage(row: Row, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a row, and the seconds of its recordings that could not be decoded."""
    damaged_s = sum(recording.damaged_s for recording in row.source.recordings)
    if not damaged_s:
        return facts
    return facts | {"damaged_s": round(damaged_s, 3), "suspect": (*facts.get("suspect", ()), "damaged")}


def _with_verdict(passages: tuple[Passage, ...], facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a row, the worst verdict on its passages, and the reasons for bad verdicts as quality flags."""
    if not passages:
        return facts
    bad = [passage.verdict for passage in passages if passage.verdict.state is State.BAD]
    reasons = dict.fromkeys(finding.reason for verdict in bad for finding in verdict.findings)
    verdict = worst(tuple(passage.verdict.state for passage in passages))
    return facts | {"verdict": verdict, "suspect": (*facts.get("suspect", ()), *reasons)}


def _receipts(keys: tuple[str, ...], context: RunContext) -> tuple[Receipt, ...]:
    return tuple(context.answers.read(key)[0] for key in keys)


def _transcript_fields(plan: RowPlan, assembled: Assembled) -> dict[str, Any]:
    """The fields of an outcome that come from the transcript, if the row has one."""
    row, transcript = plan.row, assembled.transcript
    if transcript is None:
        return {}
    if row.op in AUDIO_OPS:
        return {"words": len(transcript.words), "suspect": () if transcript.words else ("untimed",)}
    rate = word_error_rate(row.source.reference, transcript.text)
    return {
        "transcript": transcript.text,
        "words": len(transcript.words),
        "suspect": quality_flags(transcript, assembled.found_language, assembled.recognizer_flags),
        "word_error_rate": None if rate is None else round(rate, 4),
    }


async def _assembled(plan: RowPlan, context: RunContext) -> tuple[AnsweredRow, Assembled]:
    repeated: set[str] = set()
    while True:
        try:
            row = await answered(plan, context)
            return row, await _files(row, context)
        except AnswerDamaged as damaged:
            if damaged.key in repeated:  # A failing disk would make the run pay for the same call again and again.
                raise
            repeated.add(damaged.key)
            context.answers.discard(damaged.key)


async def _files(row: AnsweredRow, context: RunContext) -> Assembled:
    new = row.new_answer
    context.stats.rows_assembling += 1
    try:
        if new is not None and new.body is not None and is_the_file(row.plan, new.body):
            delivered = await context.delivering.send(WholeFile(row.plan.row.file_name, new.body, new.sha256))
            return Assembled(delivered, new.receipt.duration_s, (new.receipt,))
        return await context.in_thread(assemble, row.plan, context.answers, context.outputs)
    finally:
        context.stats.rows_assembling -= 1


def _paid_for(plan: RowPlan, receipts: tuple[Receipt, ...]) -> list[Receipt]:
    distinct = {receipt.key: receipt for receipt in receipts}
    return [receipt for receipt in distinct.values() if receipt.paid_by == plan.row.id]


def _call_failed(plan: RowPlan, error: CallError) -> Outcome:
    status = Status.REFUSED if isinstance(error, Refused) else Status.FAILED
    outcome = _ended(plan, status, type(error).code, error.code, str(error))
    return replace(outcome, attempts=error.attempts, request_ids=(error.request_id,) if error.request_id else ())


def _ended(
    plan: RowPlan,
    status: Status,
    error_class: str | None = None,
    code: str | None = None,
    message: str | None = None,
    **more: Any,  # noqa: ANN401 - fields of the outcome
) -> Outcome:
    row = plan.row
    facts: dict[str, Any] = {
        "id": row.id,
        "status": status,
        "error_class": error_class,
        "error_code": code,
        "error_message": message,
        "characters": plan.characters,
        "calls": len(plan.pieces),
        "fingerprint": plan.fingerprint,
        "check": row.quality.check,
        "takes": row.quality.max_takes,
        "transcript": row.speech.text if row.speech.text_from is not None else None,
        "made_from": tuple(one.sha256 for one in row.inputs),
    }
    return Outcome(**facts | more)
