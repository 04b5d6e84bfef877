"""Check an answer by transcribing it. The transcription is an ordinary call: stored, limited and billed like others."""

import hashlib
from dataclasses import replace
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper, gettempdir

from voicemill.audio.wav_header import probe_wav
from voicemill.cartesia.stt import read_transcription
from voicemill.errors import BadAnswer, Refused, StorageError
from voicemill.model import Clip, Reading, State, Stt, Verdict, Word
from voicemill.pipeline.call import ensure_answer
from voicemill.pipeline.check_answer import ToCompare, check_signals
from voicemill.pipeline.context import RunContext
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import Recognized, inconclusive, transcribed_verdict

_SENT_AS_FLAC = Reading(is_uploadable=False)
"""16 kHz FLAC: a fifth of the upload, and the header of a streamed WAV states no length."""


async def check_transcribed(body: bytes, wanted: ToCompare, paid_by: str, context: RunContext) -> tuple[Verdict, str]:
    """The verdict on an answer, and the key of the transcription call; empty without one.

    Audio that the signals find bad is not transcribed. Raises as `ensure_answer` does, except that a refused
    transcription makes the verdict inconclusive.
    """
    verdict = await check_signals(body, wanted, context)
    if verdict.state is State.BAD or not wanted.text.strip():
        return verdict, ""
    call = transcription_call(context.recognizer.name, context.settings.checks.model, body, wanted.language)
    try:
        await _transcribe(call, body, paid_by, context)
    except Refused as error:
        return inconclusive("not_transcribed", call.clip.duration_s, str(error)), ""
    _, answer = await context.in_thread(context.answers.read, call.key)
    verdict = await context.in_check_thread(compared, answer, call, wanted, context.check_pool)
    return verdict, call.key


def transcription_call(recognizer: str, model: str, body: bytes, language: str) -> Stt:
    """The call that transcribes the audio of an answer. Its key depends on the audio and not on where it is stored."""
    clip = Clip(hashlib.sha256(body).hexdigest(), duration_s=probe_wav(body).duration_s, reading=_SENT_AS_FLAC)
    return Stt(recognizer, model, language, clip)


def compared(answer: bytes, call: Stt, wanted: ToCompare, pool: CheckPool) -> Verdict:
    """The verdict that a stored transcription of a passage leads to."""
    end_s = call.clip.duration_s
    try:
        found = read_transcription(answer)
    except BadAnswer as error:
        return inconclusive("not_transcribed", end_s, str(error))
    words = found.words or (Word(found.text, 0.0, end_s),)
    return transcribed_verdict(
        wanted.text, Recognized(words, wanted.language, end_s, found.flags), pool, wanted.allowed
    )


async def _transcribe(call: Stt, body: bytes, paid_by: str, context: RunContext) -> None:
    """Make sure that the transcription is stored. The audio is in a file while it is uploaded."""
    if context.answers.has(call.key):
        await ensure_answer(call, paid_by, context)
        return
    with await context.in_thread(_written, body) as file:
        at_path = replace(call, clip=replace(call.clip, path=file.name))
        await ensure_answer(at_path, paid_by, context)


def _written(body: bytes) -> "_TemporaryFileWrapper[bytes]":
    """A file with this content, which is removed when it is closed. Raises `StorageError`."""
    try:
        file = NamedTemporaryFile(prefix="voicemill-", suffix=".wav")  # noqa: SIM115 - the caller closes it
        file.write(body)
        file.flush()
    except OSError as error:
        raise StorageError(
            f"generated audio cannot be written to {gettempdir()}: {error.strerror}; free some space there, or set "
            "TMPDIR to a folder that has more"
        ) from None
    return file
