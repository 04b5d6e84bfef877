"""Transcripts in JSON as manifests: those of Whisper and of programs that run its models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.manifest_line import Line, Unreadable
from voicemill.manifest.service_catalog import LANGUAGES

_MOST_JSON_CHARACTERS: Final = 1 << 28
_AUDIO_SUFFIXES: Final = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mp4", ".mkv", ".webm", ".mov")
_LISTS: Final = ("segments", "chunks", "transcription")
"""The list of segments in the JSON of Whisper, of the Transformers pipeline, and of whisper.cpp."""
_MS: Final = 1000
_CODES: Final = {name: code for code, name in LANGUAGES.items()}


class TranscriptReader:
    """Reads a transcript; each of its segments is a row."""

    lines_above = 0
    decimal_comma = False
    dialect = "a transcript in Whisper's JSON; each segment is a row"

    def __init__(self, source: Source, *, with_audio: bool) -> None:
        self._stem = Path(source.name).stem
        transcript = _whole_json(source)
        segments = _segments(transcript)
        if segments is None:
            raise Unreadable('this is not a transcript in Whisper\'s JSON: it has no list "segments"')
        self._segments = segments
        self._language = _language(transcript)
        self._audio = [_beside(source)] if with_audio else []
        self.columns: tuple[str, ...] = ("id", "text", "language", "start", "end", *(["audio"] if with_audio else []))

    def lines(self) -> Iterator[Line]:
        """The segments in order."""
        for number, segment in enumerate(self._segments, start=1):
            if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
                yield Line(number, 0, (), ("text", "this segment has no text; correct or remove it"))
                continue
            times = _times(segment)
            if self._audio and times[0] is None:
                yield Line(number, 0, (), ("start", "this segment has no time; add it, or remove the segment"))
                continue
            name = f"{self._stem}-{number:04d}"
            yield Line(number, 0, [name, segment["text"], self._language, *times, *self._audio])


def is_transcript(source: Source) -> bool:
    """Whether a `.json` file is one object with segments."""
    if not source.name.lower().endswith(".json"):
        return False
    try:
        return _segments(_whole_json(source)) is not None
    except Unreadable:
        return False


def _segments(transcript: Any) -> list[Any] | None:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(transcript, dict):
        return None
    return next((transcript[name] for name in _LISTS if isinstance(transcript.get(name), list)), None)


def _language(transcript: dict[str, Any]) -> str:
    """The language as a code. OpenAI's API writes its English name."""
    result = transcript.get("result")
    stated = transcript.get("language") or (result.get("language") if isinstance(result, dict) else "")
    name = str(stated or "")
    return _CODES.get(name.lower(), name)


def _times(segment: dict[str, Any]) -> tuple[Any, Any]:
    """The start and the end in seconds; None without times."""
    offsets, stamps, stamp = (segment.get(name) for name in ("offsets", "timestamps", "timestamp"))
    if isinstance(offsets, dict) and all(isinstance(offsets.get(end), int) for end in ("from", "to")):
        return offsets["from"] / _MS, offsets["to"] / _MS
    if isinstance(stamps, dict) and all(isinstance(stamps.get(end), str) for end in ("from", "to")):
        return stamps["from"].replace(",", "."), stamps["to"].replace(",", ".")
    if isinstance(stamp, list) and len(stamp) == 2:
        return stamp[0], stamp[1]
    return segment.get("start"), segment.get("end")


def _whole_json(source: Source) -> Any:  # noqa: ANN401 - whatever JSON holds
    with source.open_text() as text:
        content = text.read(_MOST_JSON_CHARACTERS)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("this line is not a JSON object; correct it") from None


def _beside(source: Source) -> str:
    """The recording with the transcript's name, in the same folder; empty if there is none.

    whisper.cpp writes `talk.wav.json`, other programs `talk.json`.
    """
    path = Path(source.name)
    found = (path.with_suffix(suffix) for suffix in ("", *_AUDIO_SUFFIXES))
    return next((one.name for one in found if one.is_file()), "")
