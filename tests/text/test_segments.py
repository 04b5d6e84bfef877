"""Segments are sentences or passages between pauses, and contain every word once."""

from hypothesis import given
from hypothesis import strategies as st

from tests.text.spoken import TALE, spoken, timed
from voicemill.model import Word
from voicemill.text.segments import LONGEST_S, PAUSE_S, transcript_of


def test_sentences_are_segments() -> None:
    """A segment ends at the end of a sentence or a paragraph, not at an abbreviation."""
    texts = [segment.text for segment in spoken(TALE).segments]
    assert texts[0].startswith("“Mr. Smith,” she said, “went to Washington")
    assert texts[0].endswith("waiting for him there.”")
    assert texts[1] == "Then nothing."
    assert "The Second Morning" in texts


def test_a_scene_break_is_in_no_segment() -> None:
    """A line of symbols between paragraphs would be shown after the sentence before it; opening quotes are kept."""
    words = [Word("It", 0.0, 0.2), Word("sank", 0.3, 0.5), Word("No", 0.6, 0.8)]
    found = transcript_of("It sank.\n\n\n* * *\n\n\n“No.”\n\n***\n", "en", 1.0, words).segments
    assert [segment.text for segment in found] == ["It sank.", "“No.”"]


def test_text_without_full_stops_is_split_at_pauses() -> None:
    """Transcripts without punctuation are split at pauses."""
    words = [Word("one", 0.0, 0.4), Word("two", 0.5, 0.9), Word("three", 0.9 + PAUSE_S, 2.0)]
    found = transcript_of("one two three", "en", 3.0, words).segments
    assert [(segment.text, segment.start_s, segment.end_s) for segment in found] == [
        ("one two", 0.0, 0.9),
        ("three", 0.9 + PAUSE_S, 2.0),
    ]


def test_no_segment_is_longer_than_whispers() -> None:
    """Speech without punctuation and long pauses is split at its longest pause."""
    words = [Word("word", number * 0.5, number * 0.5 + 0.45) for number in range(300)]
    segments = transcript_of("word " * 300, "en", 150.0, words).segments
    assert max(segment.end_s - segment.start_s for segment in segments) <= LONGEST_S
    assert sum(len(segment.words) for segment in segments) == 300


def test_a_text_without_words_is_one_segment() -> None:
    """Without word times, one segment with the text spans the whole recording."""
    [segment] = transcript_of("Only  a text.", "en", 4.0, []).segments
    assert (segment.text, segment.start_s, segment.end_s, segment.words) == ("Only a text.", 0.0, 4.0, ())
    assert transcript_of(" ", "en", 4.0, []).segments == ()


def test_symbols_are_not_words() -> None:
    """A musical note or a dash that a service returns as a word is only part of the text."""
    words = [Word("♪", 0.0, 0.1), Word("La", 0.2, 0.5), Word("-", 0.5, 0.6)]
    assert [word.word for word in transcript_of("♪ La -", "en", 1.0, words).words] == ["La"]


@given(st.lists(st.tuples(st.floats(-5, 50), st.floats(-5, 50)), max_size=40))
def test_times_are_sorted(times: list[tuple[float, float]]) -> None:
    """Whatever times a service returns, no word begins before the previous one or ends before it begins."""
    words = [Word("word.", start_s, end_s) for start_s, end_s in times]
    transcript = transcript_of("word. " * len(words), "en", 60.0, words)
    starts = [word.start_s for word in transcript.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start_s <= word.end_s for word in transcript.words)
    assert [word.word for segment in transcript.segments for word in segment.words] == [" word."] * len(words)


def test_segments_are_consecutive() -> None:
    """Segments are in order, and their words are those of the transcript."""
    transcript = spoken(TALE)
    moments = [moment for segment in transcript.segments for moment in (segment.start_s, segment.end_s)]
    assert moments == sorted(moments)
    assert sum(len(segment.words) for segment in transcript.segments) == len(timed(TALE))
