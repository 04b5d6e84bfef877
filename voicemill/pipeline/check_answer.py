"""Check one answer: read its audio, and run the checks that its row requests."""

from voicemill.audio.join import as_float, read_samples
from voicemill.model import Call, Infill, Row, Tts, Verdict
from voicemill.pipeline.context import RunContext
from voicemill.quality.verdict import signals_verdict
from voicemill.store.answer_store import KeptAnswer

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
    if len(body) <= _INLINE_BYTES:
        return _signals(body, call)
    return await context.in_thread(_signals, body, call)


def _signals(body: bytes, call: Call) -> Verdict:
    samples, info = read_samples(body)
    return signals_verdict(as_float(samples), info.sample_rate_hz, spoken_text(call))


def spoken_text(call: Call) -> str:
    """The text that the answer to `call` should contain; empty if it is unknown."""
    return call.transcript if isinstance(call, Tts | Infill) else ""
