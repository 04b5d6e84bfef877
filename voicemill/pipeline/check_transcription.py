"""Check an answer by transcribing it.

In a run, the transcription is an ordinary call: stored, limited and billed like others. Outside a run, the recognizer
of this machine transcribes, and only the verdict is stored.
"""

import hashlib
from dataclasses import replace
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper, gettempdir

from voicemill.audio.wav_header import probe_wav
from voicemill.cartesia.stt import read_transcription
from voicemill.errors import BadAnswer, CallError, Refused, StorageError
from voicemill.model import Clip, Reading, State, Stt, Verdict, Word
from voicemill.pipeline.call import ensure_answer
from voicemill.pipeline.check_answer import ToCompare, check_signals, checked_body, verdict_key
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.local_recognizer import LocalRecognizer
from voicemill.quality.pool import CheckPool
from voicemill.quality.verdict import Recognized, inconclusive, transcribed_verdict
from voicemill.quality.versions import TRANSCRIBED
from voicemill.store.verdict_cache import VerdictCache

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


def check_locally(
    body: bytes, wanted: ToCompare, recognizer: LocalRecognizer, model: str, pool: CheckPool, verdicts: VerdictCache
) -> Verdict:
    """The verdict on an answer, transcribed on this machine: the stored one, or else a new one, which is stored."""
    verdict = checked_body(body, wanted)
    if verdict.state is State.BAD or not wanted.text.strip():
        return verdict
    call = transcription_call(recognizer.name, model, body, wanted.language)
    key = verdict_key(f"transcribed.{TRANSCRIBED} {call.key}", body, wanted)
    found = verdicts.find(key)
    if found is not None:
        return found
    with audio_file(body) as file:
        verdict = transcribed_locally(replace(call, clip=replace(call.clip, path=file.name)), wanted, recognizer, pool)
    if verdict.state is not State.INCONCLUSIVE:
        verdicts.keep(key, verdict)
    return verdict


def transcribed_locally(call: Stt, wanted: ToCompare, recognizer: LocalRecognizer, pool: CheckPool) -> Verdict:
    """The verdict on the recording of `call`, transcribed on this machine."""
    try:
        answer = recognizer.transcribe(call)
    except CallError as error:
        return inconclusive("not_transcribed", call.clip.duration_s, str(error))
    return compared(answer, call, wanted, pool)


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
    """Make sure that the transcription is stored. The audio is in a file while it is uploaded.

    A transcription by Whisper on this machine does not count as one of the calls that the budget allows.
    """
    if context.answers.has(call.key):
        await ensure_answer(call, paid_by, context)
        return
    is_budgeted = context.settings.checks.recognizer == "service"
    with await context.in_thread(audio_file, body) as file:
        at_path = replace(call, clip=replace(call.clip, path=file.name))
        await ensure_answer(at_path, paid_by, context, is_budgeted=is_budgeted)


def audio_file(body: bytes) -> "_TemporaryFileWrapper[bytes]":
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
