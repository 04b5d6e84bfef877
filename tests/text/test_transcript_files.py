"""Transcript files can be read by other programs: subtitle libraries, FFmpeg, spreadsheets, Audacity."""

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
def test_subtitle_library_reads_the_files(format: str) -> None:
    """pysubs2 reads every cue with its time; ASS has a resolution of 10 ms."""
    read = pysubs2.SSAFile.from_string(written(format), format)
    precision_ms = 10 if format == "ass" else 1
    assert len(read) == len(CUES)
    for event, cue in zip(read, CUES, strict=True):
        assert abs(event.start - cue.start_s * 1000) <= precision_ms
        assert abs(event.end - cue.end_s * 1000) <= precision_ms


def test_ffmpeg_reads_the_files(tmp_path: Path) -> None:
    """FFmpeg reads the same cues with their whole text, including braces."""
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


def test_markup_in_text_is_escaped() -> None:
    """Text that a format would interpret as markup is escaped."""
    assert "mill &amp; its wheel" in written("vtt").replace("\n", " ")
    assert "5 &lt; 6" in written("vtt").replace("\n", " ")
    assert written("srt").count("-->") == len(CUES)
    assert "{old} mill & its wheel" in written("srt").replace("\n", " ")


def test_json_has_whispers_format() -> None:
    """The JSON has Whisper's keys, tools for Whisper can read its segments, and its words join to their text."""
    content = json.loads(written("json"))
    assert {"text", "segments", "language"} <= set(content)
    for number, segment in enumerate(content["segments"]):
        assert {"id", "start", "end", "text", "words"} == set(segment)
        assert segment["id"] == number
        assert "".join(word["word"] for word in segment["words"]) == segment["text"]
    read = pysubs2.load_from_whisper(content)
    assert [event.start for event in read] == [round(one.start_s * 1000) for one in TRANSCRIPT.segments]


def test_tsv_has_whispers_format() -> None:
    """The TSV has a header and one line per segment with times in milliseconds."""
    rows = list(csv.reader(io.StringIO(written("tsv")), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["start", "end", "text"]
    assert [int(row[0]) for row in rows[1:]] == [round(one.start_s * 1000) for one in TRANSCRIPT.segments]
    assert [row[2] for row in rows[1:]] == [one.text for one in TRANSCRIPT.segments]


def test_txt_has_one_line_per_segment() -> None:
    """The text file has Whisper's format."""
    assert written("txt").splitlines() == [one.text for one in TRANSCRIPT.segments]


def test_audacity_labels_have_one_line_per_word() -> None:
    """Each label has start and end in seconds and the word, separated by tabs."""
    rows = [line.split("\t") for line in written("audacity").splitlines()]
    assert [row[2] for row in rows] == [word.word for word in TRANSCRIPT.words]
    assert [float(row[0]) for row in rows] == pytest.approx([word.start_s for word in TRANSCRIPT.words], abs=1e-6)
    assert [float(row[1]) for row in rows] == pytest.approx([word.end_s for word in TRANSCRIPT.words], abs=1e-6)


@pytest.mark.parametrize("format", ["srt", "vtt"])
def test_each_word_is_highlighted_once(format: str) -> None:
    """With highlighted words, each word is underlined once, alone."""
    shown = pysubs2.SSAFile.from_string(written(format, Subtitles(highlight_words=True)), format, keep_html_tags=True)
    underlined = [event for event in shown if "<u>" in event.text]
    assert len(underlined) == len(TRANSCRIPT.words)
    assert all(event.text.count("<u>") == 1 for event in underlined)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    for event, word in zip(underlined, TRANSCRIPT.words, strict=True):
        assert abs(event.start - word.start_s * 1000) <= 1


@pytest.mark.parametrize("format", ["vtt", "ass", "srt"])
def test_silence_has_no_subtitles(format: str) -> None:
    """Without speech the file exists and has no cues."""
    empty = WRITERS[format](spoken(""), RULES)
    assert list(pysubs2.SSAFile.from_string(empty or "\n", format)) == []


def test_silence_has_no_text() -> None:
    """Without speech the other formats have no content."""
    empty = {format: WRITERS[format](spoken(""), RULES) for format in ("txt", "tsv", "audacity", "json")}
    content = json.loads(empty.pop("json"))
    assert (content["text"], content["segments"]) == ("", [])
    assert empty == {"txt": "", "tsv": "start\tend\ttext\n", "audacity": ""}


def test_every_format_of_a_row_can_be_written() -> None:
    """Every format that a manifest accepts has a writer."""
    assert set(TEXT_FORMATS) <= set(WRITERS)


@pytest.mark.parametrize(
    ("file_name", "format", "expected"),
    [
        ("audio/book/one.mp3", "srt", "text/book/one.srt"),
        ("text/talk.v2.txt", "json", "text/talk.v2.json"),
        ("audio/a.wav", "audacity", "text/a.audacity.txt"),
    ],
)
def test_text_path_mirrors_the_audio_path(file_name: str, format: str, expected: str) -> None:
    """The path in `text` mirrors the path in `audio`."""
    assert text_name(file_name, format) == expected
