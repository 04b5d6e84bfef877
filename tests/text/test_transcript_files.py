"""Files of text are what other programs read: subtitle libraries, FFmpeg, spreadsheets, Audacity."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import av
import pysubs2
import pytest

from tests.text.spoken import TALE, spoken
from voicemill.config import Subtitles
from voicemill.model import TEXT_FORMATS, text_name
from voicemill.text.subtitle_cues import cues_of
from voicemill.text.transcript_files import WRITERS

TRANSCRIPT = spoken(TALE)
RULES = Subtitles()
CUES = list(cues_of(TRANSCRIPT.segments, TRANSCRIPT.duration_s, RULES))


def written(format: str, rules: Subtitles = RULES) -> str:
    """The transcript in a format."""
    return WRITERS[format](TRANSCRIPT, rules)


@pytest.mark.parametrize("format", ["srt", "vtt", "ass"])
def test_a_subtitle_library_reads_them(format: str) -> None:
    """pysubs2 finds every cue at its time; times in ASS are of 10 ms."""
    read = pysubs2.SSAFile.from_string(written(format), format)
    precision_ms = 10 if format == "ass" else 1
    assert len(read) == len(CUES)
    for event, cue in zip(read, CUES, strict=True):
        assert abs(event.start - cue.start_s * 1000) <= precision_ms
        assert abs(event.end - cue.end_s * 1000) <= precision_ms


def test_a_player_reads_them(tmp_path: Path) -> None:
    """FFmpeg's parsers, which players use, find the same cues and their whole text, braces and all."""
    for format in ("srt", "vtt", "ass"):
        path = tmp_path / f"tale.{format}"
        path.write_text(written(format), encoding="utf-8")
        with av.open(str(path)) as file:
            stream = file.streams.subtitles[0]
            packets = [packet for packet in file.demux(stream) if packet.size]
            starts = [float((packet.pts or 0) * packet.time_base) for packet in packets]
            said = [bytes(packet).decode() for packet in packets]
        assert starts == pytest.approx([cue.start_s for cue in CUES], abs=0.011)
        assert any("old" in text and "{" in text for text in said)


def test_marks_in_a_text_are_text() -> None:
    """What a format would take for a mark is written so that it does not."""
    assert "mill &amp; its wheel" in written("vtt").replace("\n", " ")
    assert "5 &lt; 6" in written("vtt").replace("\n", " ")
    assert written("srt").count("-->") == len(CUES)
    assert "{old} mill & its wheel" in written("srt").replace("\n", " ")


def test_json_is_whispers() -> None:
    """The JSON has Whisper's keys, its segments are read by what reads Whisper's, and its words make up their text."""
    content = json.loads(written("json"))
    assert {"text", "segments", "language"} <= set(content)
    for number, segment in enumerate(content["segments"]):
        assert {"id", "start", "end", "text", "words"} == set(segment)
        assert segment["id"] == number
        assert "".join(word["word"] for word in segment["words"]) == segment["text"]
    read = pysubs2.load_from_whisper(content)
    assert [event.start for event in read] == [round(one.start_s * 1000) for one in TRANSCRIPT.segments]


def test_tsv_is_whispers() -> None:
    """A line a segment, in milliseconds, below the names of the columns."""
    rows = list(csv.reader(io.StringIO(written("tsv")), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["start", "end", "text"]
    assert [int(row[0]) for row in rows[1:]] == [round(one.start_s * 1000) for one in TRANSCRIPT.segments]
    assert [row[2] for row in rows[1:]] == [one.text for one in TRANSCRIPT.segments]


def test_txt_has_a_line_a_segment() -> None:
    """As Whisper's has."""
    assert written("txt").splitlines() == [one.text for one in TRANSCRIPT.segments]


def test_audacity_gets_a_label_a_word() -> None:
    """Start and end in seconds, and the word, parted by tabs."""
    rows = [line.split("\t") for line in written("audacity").splitlines()]
    assert [row[2] for row in rows] == [word.word for word in TRANSCRIPT.words]
    assert [float(row[0]) for row in rows] == pytest.approx([word.start_s for word in TRANSCRIPT.words], abs=1e-6)
    assert [float(row[1]) for row in rows] == pytest.approx([word.end_s for word in TRANSCRIPT.words], abs=1e-6)


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_each_word_is_highlighted_once(format: str) -> None:
    """With highlighted words there is a moment for each word at which it alone is underlined."""
    shown = pysubs2.SSAFile.from_string(written(format, Subtitles(highlight_words=True)), format, keep_html_tags=True)
    underlined = [event for event in shown if "<u>" in event.text]
    assert len(underlined) == len(TRANSCRIPT.words)
    assert all(event.text.count("<u>") == 1 for event in underlined)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    for event, word in zip(underlined, TRANSCRIPT.words, strict=True):
        assert abs(event.start - word.start_s * 1000) <= 1


@pytest.mark.parametrize("format", ["vtt", "ass", "srt"])
def test_silence_has_no_subtitles(format: str) -> None:
    """Where nothing was said there is a file all the same, and it holds none."""
    empty = WRITERS[format](spoken(""), RULES)
    assert list(pysubs2.SSAFile.from_string(empty or "\n", format)) == []


def test_silence_has_no_text() -> None:
    """The other formats are as empty as they can be."""
    empty = {format: WRITERS[format](spoken(""), RULES) for format in ("txt", "tsv", "audacity", "json")}
    content = json.loads(empty.pop("json"))
    assert (content["text"], content["segments"]) == ("", [])
    assert empty == {"txt": "", "tsv": "start\tend\ttext\n", "audacity": ""}


def test_every_format_of_a_row_can_be_written() -> None:
    """What a manifest may ask for has a writer."""
    assert set(TEXT_FORMATS) <= set(WRITERS)


@pytest.mark.parametrize(
    ("file_name", "format", "expected"),
    [
        ("audio/book/one.mp3", "srt", "text/book/one.srt"),
        ("text/talk.v2.txt", "json", "text/talk.v2.json"),
        ("audio/a.wav", "audacity", "text/a.audacity.txt"),
    ],
)
def test_texts_have_the_place_of_their_audio(file_name: str, format: str, expected: str) -> None:
    """The tree of texts mirrors that of the audio."""
    assert text_name(file_name, format) == expected
