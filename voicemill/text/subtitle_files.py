"""Subtitle files: SubRip, WebVTT and Advanced SubStation Alpha.

The first two are written here, because pysubs2 drops braces from both as its own markup and does not escape `&` and `<`
in WebVTT.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import pysubs2

from voicemill.config import Subtitles
from voicemill.model import Transcript, Word
from voicemill.text.subtitle_cues import Cue, cues_of


class _Shown(NamedTuple):
    start_ms: int
    end_ms: int
    text: str


Mark = Callable[[str], str]
"""Escapes text for a format, so that no character is read as markup."""


def srt(transcript: Transcript, rules: Subtitles) -> str:
    """SubRip."""
    blocks = (
        f"{number}\n{_time(shown.start_ms, ',')} --> {_time(shown.end_ms, ',')}\n{shown.text}\n"
        for number, shown in enumerate(_shown(transcript, rules, _plain), start=1)
    )
    return "\n".join(blocks)


def vtt(transcript: Transcript, rules: Subtitles) -> str:
    """WebVTT."""
    blocks = (
        f"\n{_time(shown.start_ms, '.')} --> {_time(shown.end_ms, '.')}\n{shown.text}\n"
        for shown in _shown(transcript, rules, _escaped)
    )
    return "WEBVTT\n" + "".join(blocks)


def ass(transcript: Transcript, rules: Subtitles) -> str:
    """Advanced SubStation Alpha, in its default style."""
    file = pysubs2.SSAFile()
    for cue in _cues(transcript, rules):
        text = _plain(cue.text).replace("\\", "\\\u2060").replace("{", "\\{").replace("\n", "\\N")
        file.append(pysubs2.SSAEvent(start=_ms(cue.start_s), end=_ms(cue.end_s), text=text))
    return file.to_string("ass")


def _cues(transcript: Transcript, rules: Subtitles) -> Iterator[Cue]:
    return cues_of(transcript.segments, transcript.duration_s, rules)


def _shown(transcript: Transcript, rules: Subtitles, mark: Mark) -> Iterator[_Shown]:
    for cue in _cues(transcript, rules):
        if rules.highlight_words:
            yield from _word_by_word(cue, mark)
        else:
            yield _Shown(_ms(cue.start_s), _ms(cue.end_s), mark(cue.text))


def _word_by_word(cue: Cue, mark: Mark) -> Iterator[_Shown]:
    """Repeat the cue for each word with that word underlined, and without underline between words, as Whisper does."""
    reached_ms, last_ms = _ms(cue.start_s), _ms(cue.end_s)
    for index, word in enumerate(cue.words):
        start_ms, end_ms = max(reached_ms, _ms(word.start_s)), min(last_ms, _ms(word.end_s))
        if start_ms > reached_ms:
            yield _Shown(reached_ms, start_ms, mark(cue.text))
        if end_ms > start_ms:
            yield _Shown(start_ms, end_ms, _underlined(cue.lines, index, mark))
        reached_ms = max(reached_ms, start_ms, end_ms)
    if last_ms > reached_ms:
        yield _Shown(reached_ms, last_ms, mark(cue.text))


def _underlined(lines: Iterable[Sequence[Word]], chosen: int, mark: Mark) -> str:
    number, texts = 0, []
    for line in lines:
        parts = []
        for word in line:
            bare = mark(word.word.strip())
            space = word.word[: len(word.word) - len(word.word.lstrip())]
            parts.append(f"{space}<u>{bare}</u>" if number == chosen else space + bare)
            number += 1
        texts.append("".join(parts).strip())
    return "\n".join(texts)


def _plain(text: str) -> str:
    return text.replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _time(moment_ms: int, point: str) -> str:
    seconds, ms = divmod(moment_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{ms:03d}"
