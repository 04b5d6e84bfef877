"""Transcript files in all formats, with the conventions of openai-whisper."""

import json
from collections.abc import Callable
from typing import Final

from voicemill.config import Subtitles
from voicemill.model import Transcript
from voicemill.text.subtitle_files import ass, srt, vtt


def txt(transcript: Transcript, _rules: Subtitles) -> str:
    """One line per segment; the text unchanged if it has no word times."""
    if not transcript.words:
        return f"{transcript.text.strip()}\n" if transcript.text.strip() else ""
    return "".join(f"{segment.text}\n" for segment in transcript.segments)


def as_json(transcript: Transcript, _rules: Subtitles) -> str:
    """The text, the segments with their words, the language and the duration, with times in seconds."""
    segments = [
        {
            "id": number,
            "start": round(segment.start_s, 3),
            "end": round(segment.end_s, 3),
            "text": "".join(word.word for word in segment.words) or f" {segment.text}",
            "words": [
                {"word": word.word, "start": round(word.start_s, 3), "end": round(word.end_s, 3)}
                for word in segment.words
            ],
        }
        for number, segment in enumerate(transcript.segments)
    ]
    content = {
        "text": transcript.text,
        "segments": segments,
        "language": transcript.language,
        "duration": round(transcript.duration_s, 3),
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def tsv(transcript: Transcript, _rules: Subtitles) -> str:
    """One line per segment: start and end in milliseconds, and the text."""
    lines = (
        f"{round(segment.start_s * 1000)}\t{round(segment.end_s * 1000)}\t{segment.text}\n"
        for segment in transcript.segments
    )
    return "start\tend\ttext\n" + "".join(lines)


def audacity(transcript: Transcript, _rules: Subtitles) -> str:
    """A label track for Audacity with one label per word, times in seconds."""
    return "".join(
        f"{word.start_s:.6f}\t{word.end_s:.6f}\t{' '.join(word.word.split())}\n" for word in transcript.words
    )


WRITERS: Final[dict[str, Callable[[Transcript, Subtitles], str]]] = {
    "txt": txt,
    "json": as_json,
    "srt": srt,
    "vtt": vtt,
    "tsv": tsv,
    "ass": ass,
    "audacity": audacity,
}
"""How each format is written."""
