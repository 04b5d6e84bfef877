"""Subtitle cues follow their rules for any transcript: width, lines, reading time, whole words, no overlap."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.spoken import TALE, spoken
from voicemill.config import Subtitles
from voicemill.model import Transcript, Word
from voicemill.text.line_breaks import text_of, width
from voicemill.text.segments import transcript_of
from voicemill.text.subtitle_cues import GAP_S, Cue, cues_of

RULES = Subtitles()
_WORD = st.text("abcdefgh你", min_size=1, max_size=12)
_TIMES = st.tuples(st.sampled_from([0.0, 0.05, 0.3, 1.5]), st.sampled_from([0.0, 0.1, 0.4, 1.0]))
_MARKS = st.sampled_from(["", "", "", ",", ".", "?"])


def cues(transcript: Transcript, rules: Subtitles = RULES) -> list[Cue]:
    """The cues of a transcript."""
    return list(cues_of(transcript.segments, transcript.duration_s, rules))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Speech of any pace, with pauses of any length."""
    reached_s, words = 0.0, []
    for word, mark, (gap_s, lasts_s) in draw(st.lists(st.tuples(_WORD, _MARKS, _TIMES), max_size=40)):
        words.append(Word(word + mark, reached_s + gap_s, reached_s + gap_s + lasts_s))
        reached_s = words[-1].end_s
    return transcript_of(" ".join(word.word for word in words), "en", reached_s + 2.0, words)


@settings(max_examples=150, deadline=None)
@given(transcripts(), st.sampled_from([RULES, Subtitles(max_line_width=16), Subtitles(max_line_count=1)]))
def test_the_rules_are_kept(transcript: Transcript, rules: Subtitles) -> None:
    """Every word is in one cue, whole and in order; lines respect width and count; cues do not overlap."""
    found = cues(transcript, rules)
    assert [word for cue in found for word in cue.words] == [word for one in transcript.segments for word in one.words]
    for cue in found:
        assert len(cue.lines) <= rules.max_line_count or len(cue.words) == 1
        assert all(width(text_of(line)) <= rules.max_line_width or len(line) == 1 for line in cue.lines)
        assert cue.end_s > cue.start_s == cue.words[0].start_s
    assert all(round(before.end_s, 3) <= round(after.start_s, 3) + 0.001 for before, after in pairwise(found))


@settings(max_examples=100, deadline=None)
@given(transcripts())
def test_cue_is_shown_long_enough_to_read(transcript: Transcript) -> None:
    """A cue is shown until its last word ends, and then until it can be read or the next cue starts."""
    found = cues(transcript)
    following: list[Cue | None] = [*found[1:], None]
    for cue, after in zip(found, following if found else [], strict=True):
        next_s = after.start_s if after else transcript.duration_s
        needed_s = max(RULES.min_duration_s, width(text_of(cue.words)) / RULES.max_characters_per_s)
        wanted_s = min(cue.start_s + needed_s, next_s - (GAP_S if after else 0.0))
        assert cue.end_s >= min(cue.words[-1].end_s, next_s) - 1e-9
        assert cue.end_s >= wanted_s - 1e-9


def test_cues_end_with_sentences_and_clauses() -> None:
    """In prose a cue ends after a full stop or a comma and never spans a long silence."""
    found = cues(spoken(TALE.partition("\n")[0]))
    clean = [cue for cue in found if cue.text.rstrip("”").endswith((".", ",", ";"))]
    assert len(clean) >= len(found) - 1
    assert len(found) >= 3


def test_ordinary_speech_can_be_read() -> None:
    """Prose at reading pace is shown at 21 characters per second or less."""
    for cue in cues(spoken(TALE)):
        assert width(cue.text.replace("\n", " ")) / (cue.end_s - cue.start_s) <= 21


def test_two_lines_are_even() -> None:
    """A cue of two lines is broken near its middle, after a comma if there is one."""
    text = "He turned the handle of the door, and the whole of the cold evening came in."
    [cue] = cues(spoken(text, letters_per_s=20.0))
    assert cue.text.split("\n") == ["He turned the handle of the door,", "and the whole of the cold evening came in."]


def test_a_word_is_never_split() -> None:
    """A word wider than a line has a line to itself."""
    lines = [line for cue in cues(spoken("Rindfleischetikettierung is a word."), Subtitles(max_line_width=10))
             for line in cue.text.split("\n")]  # fmt: skip
    assert lines[0] == "Rindfleischetikettierung"


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("你好", 4), ("e\u0301", 1), ("", 0)])
def test_width_is_the_displayed_width(text: str, columns: int) -> None:
    """Chinese characters are two columns wide, and combining accents have no width."""
    assert width(text) == columns


def test_silence_has_no_cues() -> None:
    """A transcript without words has no cues."""
    assert cues(transcript_of("", "en", 5.0, [])) == []
