"""One call: the only place that orders pay, verify, keep.

A slot is held from the question until the answer is written where a killed process cannot lose it; the fsync that a
power cut needs follows outside the slot, before the answer counts.
"""

import asyncio
import time
from datetime import UTC, datetime

from voicemill.errors import BudgetReached, FatalCallError, Refused, StorageError
from voicemill.limits.call_limiter import CallPermit
from voicemill.model import Call, Receipt, Stt, VoiceChange
from voicemill.run.context import RunContext, RunStats, Stopped
from voicemill.run.group_commit import GroupCommit
from voicemill.run.requests import VerifiedAnswer, ask
from voicemill.store.answer_store import KeptAnswer

_AT_ONCE_BYTES = 256 * 1024
"""To hand so little to a thread, which then contends for the interpreter's lock, costs more than to give it to the
kernel: 0.05 ms for 100 kB, which no disk is waited for."""


async def ensure_answer(call: Call, paid_by: str, context: RunContext, *, soon: bool = False) -> KeptAnswer | None:
    """Have the answer to `call` in the store: from an earlier run, from a row that asks the same now, or by paying.

    One that was paid for just now is handed on, so that it need not be read again; None for all others. `soon`: it does
    not wait for company on its way to the disk.
    Raises `CallError` when the service gives none, `StorageError`, and `Stopped` once the run is ending.
    """
    if context.answers.has(call.key):
        context.stats.calls_reused += 1
        return None
    refused = context.refused.get(call.key)
    if refused is not None:  # the same question would be refused again
        raise refused
    already_asked = context.asking.get(call.key)
    if already_asked is not None:
        await asyncio.wait([already_asked])
        return await ensure_answer(call, paid_by, context, soon=soon)
    asked = context.asking[call.key] = asyncio.get_running_loop().create_future()
    try:
        return await _pay(call, paid_by, context, context.committing_soon if soon else context.committing)
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
        del context.asking[call.key]
        asked.set_result(None)


async def _pay(
    call: Call, paid_by: str, context: RunContext, committing: GroupCommit[KeptAnswer, KeptAnswer]
) -> KeptAnswer:
    permit = context.limiter.permit(call)

    async def attempt() -> KeptAnswer:
        async with permit:
            context.stats.calls_made += 1
            context.stats.retries += permit.attempts > 1
            context.stats.calls_in_flight += 1
            try:
                return await _ask_and_keep(call, paid_by, permit, context)
            finally:
                context.stats.calls_in_flight -= 1

    kept, _ = await context.limiter.retries.run(attempt, context.pause)
    await committing.send(kept)
    context.stats.calls_kept += 1
    return kept


async def _ask_and_keep(call: Call, paid_by: str, permit: CallPermit, context: RunContext) -> KeptAnswer:
    asked_at, started = datetime.now(UTC), time.monotonic()
    answer = await ask(call, context.cartesia, context.settings.pace.attempt_deadline_s)
    latency_s = time.monotonic() - started
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
    # No group_commit: the slot is held until it is written, and would wait for the trips of others.
    if len(answer.body) <= _AT_ONCE_BYTES:
        return context.answers.keep(receipt, answer.body)
    return await context.in_thread(context.answers.keep, receipt, answer.body)


def _count_audio(call: Call, answer: VerifiedAnswer, stats: RunStats) -> None:
    if isinstance(call, Stt):
        stats.transcribed_s += answer.duration_s
        return
    stats.audio_s += answer.duration_s
    if isinstance(call, VoiceChange):
        stats.converted_s += call.clip.duration_s
