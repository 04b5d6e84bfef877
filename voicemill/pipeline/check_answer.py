"""Check one answer: read its audio, and run the checks that its row requests."""

import hashlib
import json

from voicemill.audio.join import as_float, read_samples
from voicemill.model import Call, Check, Infill, Row, Tts, Verdict
from voicemill.pipeline.context import RunContext
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import VERSION, guided_verdict, needs_words, signals_verdict
from voicemill.store.answer_store import KeptAnswer
from voicemill.store.verdict_cache import VerdictCache

_INLINE_BYTES = 128 * 1024
"""The signals of smaller answers are checked in the event loop: a thread would cost more than the check."""


async def check_answer(call: Call, row: Row, new: KeptAnswer | None, context: RunContext) -> Verdict:
    """The verdict on the answer to `call`. `new` is that answer if it was requested just now.

    Raises `AnswerDamaged`.
    """
    if new is not None and new.body is not None:
        body = new.body
    else:
        _, body = await context.in_thread(context.answers.read, call.key)
    if needs_words(row.check):
        return await context.in_check_thread(stored_verdict, body, call, row, context.check_pool, context.verdicts)
    if len(body) <= _INLINE_BYTES:
        return checked_body(body, call)
    return await context.in_thread(checked_body, body, call)


def stored_verdict(body: bytes, call: Call, row: Row, pool: CheckPool, verdicts: VerdictCache) -> Verdict:
    """The guided verdict on an answer: the stored one, or else a new one, which is stored."""
    key = _key(body, call, row.check)
    verdict = verdicts.find(key)
    if verdict is None:
        samples, info = read_samples(body)
        verdict = guided_verdict(as_float(samples), info.sample_rate_hz, spoken_text(call), _language(call), pool)
        verdicts.keep(key, verdict)
    return verdict


def _key(body: bytes, call: Call, check: Check) -> str:
    """A hash of everything that a verdict depends on."""
    parts = [VERSION, check, hashlib.sha256(body).hexdigest(), spoken_text(call), _language(call)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def checked_body(body: bytes, call: Call) -> Verdict:
    """The verdict of the signals of an answer."""
    samples, info = read_samples(body)
    return signals_verdict(as_float(samples), info.sample_rate_hz, spoken_text(call))


def spoken_text(call: Call) -> str:
    """The text that the answer to `call` should contain; empty if it is unknown."""
    return call.transcript if isinstance(call, Tts | Infill) else ""


def _language(call: Call) -> str:
    return call.language if isinstance(call, Tts | Infill) else ""
