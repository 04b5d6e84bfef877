"""Check one answer: read its audio, and run the checks that its row requests."""

import hashlib
import json
from typing import NamedTuple

from voicemill.audio.join import as_float, read_samples
from voicemill.model import Call, Check, Infill, Row, Stt, Tts, Verdict
from voicemill.pipeline.context import RunContext
from voicemill.planning.pronounce import is_phonemes, shown
from voicemill.planning.row_calls import CallPiece
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import VERSION, guided_verdict, signals_verdict
from voicemill.store.answer_store import StoredAnswer
from voicemill.store.verdict_cache import VerdictCache
from voicemill.text.word_error_rate import tokens

_INLINE_BYTES = 128 * 1024
"""The signals of smaller answers are checked in the event loop: a thread would cost more than the check."""


class ToCompare(NamedTuple):
    """The text that the audio of a passage should say, its language, and the words that may differ."""

    text: str
    language: str
    allowed: tuple[str, ...] = ()


async def body_of(call: Call, new: StoredAnswer | None, context: RunContext) -> bytes:
    """The audio of the answer to `call`; `new` is that answer if it was requested just now. Raises `AnswerDamaged`."""
    if new is not None and new.body is not None:
        return new.body
    _, body = await context.in_thread(context.answers.read, call.key)
    return body


async def check_signals(body: bytes, wanted: ToCompare, context: RunContext) -> Verdict:
    """The verdict of the signals of an answer."""
    if len(body) <= _INLINE_BYTES:
        return checked_body(body, wanted)
    return await context.in_thread(checked_body, body, wanted)


async def check_guided(body: bytes, wanted: ToCompare, context: RunContext) -> Verdict:
    """The verdict of guided decoding of an answer."""
    return await context.in_check_thread(stored_verdict, body, wanted, context.check_pool, context.verdicts)


def stored_verdict(body: bytes, wanted: ToCompare, pool: CheckPool, verdicts: VerdictCache) -> Verdict:
    """The guided verdict on an answer: the stored one, or else a new one, which is stored."""
    key = verdict_key("guided", body, wanted)
    verdict = verdicts.find(key)
    if verdict is None:
        samples, info = read_samples(body)
        text, language, allowed = wanted
        verdict = guided_verdict(as_float(samples), info.sample_rate_hz, text, language, pool, allowed)
        verdicts.keep(key, verdict)
    return verdict


def verdict_key(check: str, body: bytes, wanted: ToCompare) -> str:
    """A hash of everything that the verdict of `check` depends on."""
    parts: list[object] = [VERSION, check, hashlib.sha256(body).hexdigest(), wanted.text, wanted.language]
    if wanted.allowed:
        parts.append(wanted.allowed)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def checked_body(body: bytes, wanted: ToCompare) -> Verdict:
    """The verdict of the signals of an answer."""
    samples, info = read_samples(body)
    return signals_verdict(as_float(samples), info.sample_rate_hz, wanted.text)


def to_compare(piece: CallPiece, row: Row, check: Check) -> ToCompare:
    """What the audio of a passage should say.

    Recognizers write words as the text does, so a transcription is compared with the text as it is shown. Guided
    decoding needs the words as they are sent, except for phonemes, which it does not read.
    """
    sent = spoken_text(piece.call)
    is_shown = [check == "transcribed" or is_phonemes(sent[one.start : one.stop]) for one in piece.replaced]
    replaced = [one for one, is_so in zip(piece.replaced, is_shown, strict=True) if is_so]
    names = (token for one in replaced for token in tokens(one.shown))
    allowed = tuple(dict.fromkeys((*row.quality.allowed_words, *names)))
    return ToCompare(shown(sent, replaced), _language(piece.call), allowed)


def spoken_text(call: Call) -> str:
    """The text that the answer to `call` should contain; empty if it is unknown."""
    return call.transcript if isinstance(call, Tts | Infill) else ""


def _language(call: Call) -> str:
    return call.language if isinstance(call, Tts | Infill | Stt) else ""
