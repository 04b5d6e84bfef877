"""Execute one call: send, verify and store, in this order. No other module sends billed calls.

A call holds its slot until its answer is written, so that a killed process cannot lose it. The fsync that protects
against a power cut follows after the slot is released, before the answer counts as stored. Answers that are stored on
another machine hold the slot until they are there, because the machine of a worker may disappear.
"""

import asyncio
import time
from datetime import UTC, datetime

from voicemill.errors import BudgetReached, CallError, FatalCallError, Refused, StorageError
from voicemill.limits.call_limiter import CallPermit
from voicemill.model import Call, Receipt, Stt, VoiceChange
from voicemill.pipeline.context import RunContext, RunStats, Stopped
from voicemill.pipeline.group_commit import GroupCommit
from voicemill.pipeline.requests import VerifiedAnswer, send_call
from voicemill.planning.estimate import expected_audio_s, work_s
from voicemill.store.answer_store import StoredAnswer

_INLINE_WRITE_BYTES = 256 * 1024
"""Smaller answers are written in the event loop: a thread would contend for the interpreter's lock, which costs more
than the write itself (0.05 ms for 100 kB)."""


async def ensure_answer(
    call: Call, paid_by: str, context: RunContext, *, at_once: bool = False, is_budgeted: bool = True
) -> StoredAnswer | None:
    """Make sure that the answer to `call` is in the store: from an earlier run, a duplicate call, or a new request.

    Returns the answer if it was requested just now, so that it need not be read back; otherwise None. With `at_once`,
    the answer is synced to disk without waiting for others. A call that is not budgeted does not count as one of
    `budget.max_calls`.
    Raises `CallError` if the call fails, `StorageError`, and `Stopped` if the run is stopping.
    """
    if context.answers.has(call.key):
        await _count_stored(call, paid_by, context)
        return None
    refused = context.refused.get(call.key)
    if refused is not None:
        raise refused
    duplicate = context.in_flight.get(call.key)
    if duplicate is not None:
        await asyncio.wait([duplicate])
        return await ensure_answer(call, paid_by, context, at_once=at_once, is_budgeted=is_budgeted)
    finished = context.in_flight[call.key] = asyncio.get_running_loop().create_future()
    try:
        if not await _claimed(call, context):
            return None
        permit = context.limiter.permit(call, is_budgeted=is_budgeted)
        return await _execute(call, paid_by, permit, context, context.committing_now if at_once else context.committing)
    except Refused as error:
        context.refused[call.key] = error
        raise
    except BudgetReached as error:
        context.stop(error)
        raise Stopped(str(error)) from None
    except (FatalCallError, StorageError) as error:
        context.stop(error)
        raise
    finally:
        try:
            if context.claims is not None:
                await context.claims.release(call.key, is_answered=context.answers.has(call.key))
        finally:
            del context.in_flight[call.key]
            finished.set_result(None)


async def _claimed(call: Call, context: RunContext) -> bool:
    """Claim a call before it is sent; False if another worker has stored its answer meanwhile.

    A frozen worker keeps its claims, so they count for a limited time once the run goes on without a worker.
    """
    if context.claims is None or context.answers.was_discarded(call.key):
        return True
    end_s = time.monotonic() + context.claims.longest_s
    while not await context.claims.claim(call.key) and not await _is_stored_meanwhile(call, context):
        context.check_going()
        if context.has_lost_workers and time.monotonic() > end_s:
            break
        await context.pause(context.claims.interval_s)
    if not await _is_stored_meanwhile(call, context):
        return True
    count_reused(call, context.stats)
    return False


async def _is_stored_meanwhile(call: Call, context: RunContext) -> bool:
    if context.answers.is_remote:
        return await context.in_thread(context.answers.find, call.key)
    return context.answers.has(call.key)


async def _count_stored(call: Call, row_id: str, context: RunContext) -> None:
    """Count a stored answer as reused; in later passes only if an earlier run made the call and none counted it."""
    counted = context.reused.setdefault(row_id, set())
    if context.pass_number > 1:
        receipt = await context.in_thread(context.answers.receipt, call.key)
        if call.key in counted or receipt is None or receipt.asked_at >= context.started_at:
            return
    counted.add(call.key)
    count_reused(call, context.stats)


def count_reused(call: Call, stats: RunStats) -> None:
    """Count a call whose answer is stored."""
    stats.calls_reused += 1
    stats.work_reused_s += work_s(call)
    if not isinstance(call, Stt):
        stats.audio_reused_s += expected_audio_s(call)


async def _execute(
    call: Call,
    paid_by: str,
    permit: CallPermit,
    context: RunContext,
    committing: GroupCommit[StoredAnswer, StoredAnswer],
) -> StoredAnswer:
    async def attempt() -> StoredAnswer:
        async with permit:
            context.stats.calls_made += 1
            context.stats.retries += permit.attempts > 1
            context.stats.calls_in_flight += 1
            try:
                kept = await _send_and_keep(call, paid_by, permit, context)
                return await context.committing_now.send(kept) if context.answers.is_remote else kept
            except CallError as error:
                context.history.record_error(error)
                raise
            finally:
                context.stats.calls_in_flight -= 1

    kept, _ = await context.limiter.retries.run(attempt, context.pause, context.pass_number)
    stored = kept if context.answers.is_remote else await committing.send(kept)
    context.stats.calls_kept += 1
    context.stats.work_made_s += work_s(call)
    return stored


async def _send_and_keep(call: Call, paid_by: str, permit: CallPermit, context: RunContext) -> StoredAnswer:
    asked_at, started = datetime.now(UTC), time.monotonic()
    answer = await send_call(call, context.client_of(call), context.settings.pace.attempt_deadline_s)
    latency_s = time.monotonic() - started
    context.history.record_latency(latency_s)
    permit.record_answer()
    receipt = Receipt(
        key=call.key,
        paid_by=paid_by,
        asked_at=asked_at,
        answered_at=datetime.now(UTC),
        latency_s=round(latency_s, 4),
        attempts=permit.attempts,
        credits=call.credits,
        request_id=answer.request_id,
        duration_s=answer.duration_s,
        words=answer.words,
    )
    context.stats.credits += call.credits
    _count_audio(call, answer, context.stats)
    await context.answer_turns.wait()  # or slots stay empty while many answers that arrived together are written
    # Not through a group commit: the slot is held until the answer is written.
    if len(answer.body) <= _INLINE_WRITE_BYTES:
        return context.answers.keep(receipt, answer.body)
    return await context.in_thread(context.answers.keep, receipt, answer.body)


def _count_audio(call: Call, answer: VerifiedAnswer, stats: RunStats) -> None:
    if isinstance(call, Stt):
        stats.transcribed_s += answer.duration_s
        return
    stats.audio_s += answer.duration_s
    if isinstance(call, VoiceChange):
        stats.converted_s += call.clip.duration_s
