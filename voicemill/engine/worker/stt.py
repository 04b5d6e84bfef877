"""Transcription jobs."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UPLOAD_OPTIONS, decode, decode_headerless
from voicemill.engine.backends import load_recognizer
from voicemill.engine.recognition.recognizer import RecognizedSegment, Recognizer
from voicemill.engine.recognition.utterances import RATE_HZ
from voicemill.engine.recognition.whisper import Whisper
from voicemill.engine.worker.uploads import readable
from voicemill.processes.frames import Frame

# The voice activity detector has absolute thresholds, so every file is first scaled to this peak level.
_PEAK: Final = 0.7
_SILENCE: Final = 1e-4

PROGRESS: Final = Frame({"last": False}, b"")


def stt(job: dict[str, Any]) -> Iterator[Frame]:
    """Frames of progress, which keep the request alive, then one with the transcript."""
    segments: list[RecognizedSegment] = []
    with readable("file"):
        samples, peak = 0, 0.0
        for block in _blocks(job):
            samples, peak = samples + block.size, max(peak, float(np.abs(block).max(initial=0.0)))
            yield PROGRESS
        if peak > _SILENCE:
            for segment in _segments(job, _PEAK / peak):
                segments.append(segment)
                yield PROGRESS
    yield Frame(_transcript(segments, job["language"]) | {"duration_s": samples / RATE_HZ}, b"")


def _transcript(segments: list[RecognizedSegment], language: str | None) -> dict[str, Any]:
    words = [word for segment in segments for word in segment.words]
    found = next((segment.language for segment in segments if segment.language), None)
    return {
        "text": " ".join(segment.text for segment in segments if segment.text),
        "language": language or found,
        "words": [(word.word, round(word.start_s, 3), round(word.end_s, 3)) for word in words],
        "flags": sorted({flag for segment in segments for flag in segment.flags}),
    }


def _blocks(job: dict[str, Any]) -> Iterator[NDArray[np.float32]]:
    path = Path(job["file"])
    if job["encoding"] is None:
        return decode(path, RATE_HZ, options=UPLOAD_OPTIONS)
    return decode_headerless(path, job["encoding"], job["sample_rate_hz"], RATE_HZ)


def _segments(job: dict[str, Any], gain: float) -> Iterator[RecognizedSegment]:
    blocks = (block * np.float32(gain) for block in _blocks(job))
    wanted = job["recognizer"]
    recognizer = _recognizer(wanted["name"], wanted["folder"], wanted["beam"], wanted["device"])
    return recognizer.transcribe(blocks, job["language"])


@cache
def _recognizer(name: str, folder: str | None, beam: int | None, device: str) -> Recognizer:
    if name == "whisper":
        return Whisper(Path(folder) if folder else None, beam=beam, device=device)
    return load_recognizer(name)
