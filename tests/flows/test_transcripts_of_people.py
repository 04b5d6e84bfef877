"""With the embedded engine, from end to end: words are where they are heard, and people are understood."""

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
from voicemill.engine.worker.stt import stt

_PARAGRAPHS = (
    "Nobody remembers who built the old mill.",
    "It carries letters, and three children, at seven in the morning.",
    "When it comes from the west, you can still hear it.",
)
_SHARED = Path(__file__).parents[3] / "shared" / "speech"
_SHORT_ONES = ("LJ001-0008.flac", "sense-0880.wav")


def heard_words(path: Path) -> list[tuple[str, float]]:
    """What the engine's recogniser hears in a file, and when each word begins."""
    *_, last = stt({"file": str(path), "encoding": None, "whisper_model": None, "language": "en"})
    return [(word, start_s) for word, start_s, _ in last.header["words"]]


def test_words_are_where_they_are_heard(voicemill: InThisProcess) -> None:
    """Words of a chapter in pieces are said in the joined file when the table says so, in WAV and in MP3."""
    row = {"transcript": "\n\n".join(_PARAGRAPHS), "output_format": "srt", "voice": "Sarah"}
    write_manifest(Path("book.csv"), [{"id": kind, "container": kind, **row} for kind in ("wav", "mp3")])
    Path("pieces.toml").write_text("[long_text]\nmax_characters_per_call = 80\nparagraph_pause_s = 0.7\n")
    ended = voicemill("run", "book.csv", "-o", "results", "--profile", "pieces.toml")
    assert ended.code == 0, ended.stderr
    lines = pq.read_table("results/words.parquet").to_pylist()
    for item in items(Path("results")):
        assert item["calls"] == 3
        told = [(line["word"].lower(), line["start_s"]) for line in lines if line["id"] == item["id"]]
        assert [word for word, _ in told] == re.findall(r"\w+", " ".join(_PARAGRAPHS).lower())
        heard = heard_words(Path("results") / item["file_name"])
        matcher = SequenceMatcher(None, [word for word, _ in told], [word for word, _ in heard], autojunk=False)
        errors_s = {
            block.a + step: abs(told[block.a + step][1] - heard[block.b + step][1])
            for block in matcher.get_matching_blocks()
            for step in range(block.size)
        }
        edges = np.cumsum([len(paragraph.split()) for paragraph in _PARAGRAPHS])
        assert set(np.searchsorted(edges, list(errors_s), side="right")) == {0, 1, 2}
        assert len(errors_s) >= 10
        assert np.median(list(errors_s.values())) <= 0.1
        assert pysubs2.load(f"results/text/{item['id']}.srt")[-1].end <= item["duration_s"] * 1000 + 1


@pytest.mark.skipif(not _SHARED.is_dir(), reason="recordings of people are not in this checkout")
def test_recordings_of_people(voicemill: InThisProcess) -> None:
    """What people said is heard well enough, the rate against their words is told, and subtitles are read back."""
    with (_SHARED / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        said = {line["file_name"]: line["transcript"] for line in csv.DictReader(file)}
    rows = [
        {"id": Path(name).stem, "audio": _SHARED / name, "transcript": said[name], "op": "stt"} for name in _SHORT_ONES
    ]
    ended = voicemill("run", write_manifest(Path("people.csv"), rows), "-o", "results", "--output-format", "srt,json")
    assert ended.code == 0, ended.stderr
    told = re.search(r"Word error rate against the references: ([0-9.]+)%", ended.stdout)
    assert told is not None
    assert float(told[1]) < 60
    for item in items(Path("results")):
        assert item["reference"] == said[Path(item["audio"]).name]
        assert item["suspect"] == []
        subtitles = pysubs2.load(f"results/{item['file_name']}")
        assert subtitles[-1].end <= item["duration_s"] * 1000 + 1
        shown = " ".join(" ".join(event.plaintext.split()) for event in subtitles)
        assert shown == item["transcript"]
