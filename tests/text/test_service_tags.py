"""The service's tags are never split, shown, counted or taken for words."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planning.rows import row
from voicemill.config import LongText, Subtitles
from voicemill.model import Word
from voicemill.model.service_tags import Part, in_force, parts, without_tags
from voicemill.planning.predictions import needs_of
from voicemill.planning.row_calls import plan_row
from voicemill.planning.split_text import can_be_spoken, split
from voicemill.text.segments import transcript_of
from voicemill.text.transcript_files import WRITERS

CASE = Path(__file__).parents[3] / "shared" / "cases" / "service-tags" / "cut.csv"
TAGS = ['<break time="1.5s"/>', '<emotion value="sad"/>', '<speed ratio="1.2"/>', '<volume ratio="0.8"/>']
WHOLE_TAG = re.compile(r"<(?:break|emotion|speed|volume) [^<>]*/>|<spell>[^<>]*</spell>")
FRAGMENTS = [*TAGS, "<spell>AB 12</spell>", "word ", "The end. ", "Why? ", ", ", "\n", "\n\n", "ab" * 40, "é", "日本"]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


def is_whole(text: str) -> bool:
    """Whether all tags in a text are complete."""
    return not set(WHOLE_TAG.sub("", text)) & set("<>=")


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.integers(50, 300))
def test_tags_are_not_split_or_lost(text: str, limit: int) -> None:
    """The parts joined are the text, each tag is complete in one part, and each pause is sent once."""
    pieces = split(text, "en", limit)
    assert "".join(piece.text for piece in pieces) == text
    assert all(is_whole(piece.spoken) for piece in pieces)
    sent = "".join(piece.spoken for piece in pieces)
    if can_be_spoken(without_tags(text)):
        assert sent.count(TAGS[0]) == text.count(TAGS[0])
    assert re.sub(r"\W", "", without_tags(sent)) == re.sub(r"\W", "", without_tags(text))


@given(TEXTS)
def test_part_has_the_controls_before_it(text: str) -> None:
    """A control applies until the next one of its kind, also across several calls."""
    before = ""
    for piece in split(text, "en", 60):
        if piece.spoken:
            applying = in_force(re.findall("|".join(TAGS[1:]), before))
            assert all(tag in piece.spoken for tag in applying)
        before += piece.text


def test_pause_stays_with_the_sentence_before_it() -> None:
    """A text too long for one call is split after the tag."""
    text = 'Breathe in slowly. <break time="2.5s"/> Breathe out slowly. <break time="2.5s"/> Rest.'
    assert [piece.spoken for piece in split(text, "en", 50)] == [
        'Breathe in slowly. <break time="2.5s"/>',
        'Breathe out slowly. <break time="2.5s"/> Rest.',
    ]


@pytest.mark.skipif(not CASE.is_file(), reason="the case is not beside the repository")
def test_text_with_many_pauses_is_split_between_tags() -> None:
    """A row with forty pauses is split between its tags."""
    with CASE.open(newline="", encoding="utf-8") as file:
        text = next(csv.DictReader(file))["transcript"]
    assert all(is_whole(piece.spoken) for limit in (50, 100, 500) for piece in split(text, "en", limit))


def test_tags_do_not_count() -> None:
    """Tags count neither as characters nor as credits; spelled letters do."""
    text = f"{TAGS[1]}The code is <spell>AB12</spell>.{TAGS[0]}"
    (piece,) = plan_row(row(text), "service", LongText()).pieces
    assert piece.call.characters == len("The code is AB12. ") + 1
    assert needs_of(row(text), LongText()).characters == piece.call.characters


def test_tags_are_in_no_subtitle_and_no_table() -> None:
    """Tags are removed even if a service returns them as words."""
    text = f"Wait here. {TAGS[0]} The code is <spell>AB12</spell>."
    reported = ["Wait", "here.", "<break", 'time="1.5s"/>', "The", "code", "is", "<spell>AB12</spell>."]
    words = [Word(word, float(start), start + 0.5) for start, word in enumerate(reported)]
    transcript = transcript_of(text, "en", 9.0, words)
    assert [word.word for word in transcript.words] == ["Wait", "here.", "The", "code", "is", "AB12."]
    for write in WRITERS.values():
        assert "time=" not in write(transcript, Subtitles())
        assert "spell" not in write(transcript, Subtitles())
    assert transcript.text == "Wait here. The code is AB12."


def test_engine_supports_pauses_and_spelling() -> None:
    """The engine does not speak controls that it does not support."""
    text = '<emotion value="sad"/>Wait. <break time="1.5s"/><break time="200ms"/>Code <spell>AB</spell>, please.'
    assert parts(text) == [
        Part(" Wait. "),
        Part(pause_s=1.5),
        Part(pause_s=0.2),
        Part("Code "),
        Part("AB", is_spelled=True),
        Part(", please."),
    ]


@given(st.text(st.sampled_from("ab <>/=\"'.\n"), max_size=60))
def test_text_with_angle_brackets_but_no_tag_stays_as_it_is(text: str) -> None:
    """Only the five supported tags are tags."""
    assert without_tags(text) == text
    assert "".join(piece.text for piece in split(text, "en", 50)) == text
