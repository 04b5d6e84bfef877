"""Recognition with the embedded engine, end to end: word timestamps and recordings of people."""

import csv
import re
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pysubs2
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import items, write_manifest
from voicemill.audio.decode import decode_all
from voicemill.engine.worker.stt import stt

pytestmark = pytest.mark.without_prefect

_PARAGRAPHS = (
    "Nobody remembers who built the old mill.",
    "It carries letters, and three children, at seven in the morning.",
    "When it comes from the west, you can still hear it.",
)
_RATE_HZ = 16_000
_SHARED = Path(__file__).parents[3] / "shared" / "speech"
_SHORT_RECORDINGS = ("LJ001-0008.flac", "sense-0880.wav")


def recognized_words(path: Path) -> list[tuple[str, float]]:
    """The words that the engine recognizes in a file, with their start times."""
    recognizer = {"name": "pocketsphinx", "folder": None, "beam": None, "device": "cpu"}
    *_, last = stt({"file": str(path), "encoding": None, "recognizer": recognizer, "language": "en"})
    return [(word, start_s) for word, start_s, _ in last.header["words"]]


def test_word_timestamps_match_the_recognized_words(voicemill: InThisProcess) -> None:
    """In the joined WAV of a long text, each word is recognized at its time; its MP3 has the same times."""
    row = {
        "transcript": "\n\n".join(_PARAGRAPHS),
        "output_format": "srt",
        "voice": "Sarah",
        "model": "sonic-3",
        "speed": "1.5",
    }
    write_manifest(Path("book.csv"), [{"id": kind, "container": kind, **row} for kind in ("wav", "mp3")])
    Path("parts.toml").write_text("[long_text]\nmax_characters_per_call = 80\nparagraph_pause_s = 0.7\n")
    result = voicemill("run", "book.csv", "-o", "results", "--profile", "parts.toml")
    assert result.code == 0, result.stderr
    lines = pq.read_table("results/words.parquet").to_pylist()
    wav, mp3 = items(Path("results"))
    assert wav["calls"] == mp3["calls"] == 3
    timestamps, mp3_timestamps = (
        [(line["word"].lower(), line["start_s"]) for line in lines if line["id"] == item["id"]] for item in (wav, mp3)
    )
    assert [word for word, _ in timestamps] == re.findall(r"\w+", " ".join(_PARAGRAPHS).lower())
    _assert_recognized_at(timestamps, recognized_words(Path("results") / wav["file_name"]))
    assert mp3_timestamps == timestamps
    assert abs(delay_s(*(Path("results") / item["file_name"] for item in (wav, mp3)))) <= 0.05
    for item in (wav, mp3):
        assert pysubs2.load(f"results/text/{item['id']}.srt")[-1].end <= item["duration_s"] * 1000 + 1


def _assert_recognized_at(timestamps: list[tuple[str, float]], recognized: list[tuple[str, float]]) -> None:
    """Words of each paragraph are recognized, half of them within 0.1 s of their time."""
    matcher = SequenceMatcher(None, [word for word, _ in timestamps], [word for word, _ in recognized], autojunk=False)
    errors_s = {
        block.a + step: abs(timestamps[block.a + step][1] - recognized[block.b + step][1])
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
    edges = np.cumsum([len(paragraph.split()) for paragraph in _PARAGRAPHS])
    assert set(np.searchsorted(edges, list(errors_s), side="right")) == {0, 1, 2}
    assert len(errors_s) >= 10
    assert np.median(list(errors_s.values())) <= 0.1


def delay_s(path: Path, other: Path) -> float:
    """How much later the same speech is in the other file."""
    first, second = (decode_all(one, _RATE_HZ) for one in (path, other))
    size = first.size + second.size
    match = np.fft.irfft(np.fft.rfft(second, size) * np.conj(np.fft.rfft(first, size)), size)
    lag = int(match.argmax())
    return (lag if lag < size // 2 else lag - size) / _RATE_HZ


@pytest.mark.skipif(not _SHARED.is_dir(), reason="recordings of people are not available")
def test_recordings_of_people_are_recognized(voicemill: InThisProcess) -> None:
    """The word error rate on recordings of people is printed and below 60 %, and the subtitles can be parsed."""
    with (_SHARED / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        references = {line["file_name"]: line["transcript"] for line in csv.DictReader(file)}
    rows = [
        {"id": Path(name).stem, "audio": _SHARED / name, "transcript": references[name], "op": "stt"}
        for name in _SHORT_RECORDINGS
    ]
    result = voicemill("run", write_manifest(Path("people.csv"), rows), "-o", "results", "--output-format", "srt,json")
    assert result.code == 0, result.stderr
    rate = re.search(r"Word error rate against the references: ([0-9.]+)%", result.stdout)
    assert rate is not None
    assert float(rate[1]) < 60
    for item in items(Path("results")):
        assert item["reference"] == references[Path(item["audio"]).name]
        assert item["suspect"] == []
        subtitles = pysubs2.load(f"results/{item['file_name']}")
        assert subtitles[-1].end <= item["duration_s"] * 1000 + 1
        shown = " ".join(" ".join(event.plaintext.split()) for event in subtitles)
        assert shown == item["transcript"]
