"""A folder of odd recordings is transcribed from end to end: each second is in exactly one call, at its time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from tests.audio.numbered_seconds import Second, whole_tones
from tests.audio.odd_recordings import KINDS, OddRecording, odd_recordings
from tests.audio.odd_tally import Tally
from tests.faults.figures import Report, size
from tests.flows.commands import InThisProcess
from tests.flows.results import items
from tests.flows.speech_service import SpeechService
from tests.flows.tone_service import tones_as_words

pytestmark = pytest.mark.without_prefect

_ENDINGS: Final = {
    "matroska": "mkv", "adts": "aac", "ipod": "m4a", "mpegts": "ts", "mpeg": "mpg", "asf": "wma", "eac3": "ac3",
    "mp2": "mp3",
}  # fmt: skip
_FILES: Final = 16
_EVERY_LONG: Final = 16
_LONG: Final = 40
_LONG_TONE_S: Final = 2.0
"""Forty tones last 80 s, which is more than two calls of 30 s."""


def archive(files: int) -> Iterator[tuple[str, OddRecording]]:
    """The file name and the recording of each file; one in sixteen is so long that it takes several calls."""
    for number, odd in enumerate(odd_recordings(range(files))):
        if number % _EVERY_LONG == 0:
            odd = OddRecording(KINDS[number // _EVERY_LONG % len(KINDS)], seconds=_LONG, tone_s=_LONG_TONE_S)
        yield f"{number:05d}.{_ENDINGS.get(odd.kind.container, odd.kind.container)}", odd


def transcribed(voicemill: InThisProcess, service: SpeechService, folder: Path, files: int) -> tuple[Tally, int]:
    """What became of an archive of that many files, and the number of its calls."""
    service.replies["*"] = tones_as_words
    (folder / "tapes").mkdir()
    profile = folder / "profile.toml"
    profile.write_text("[long_audio]\nstt_call_s = 30\n")
    recordings = dict(archive(files))
    for name, odd in recordings.items():
        (folder / "tapes" / name).write_bytes(odd.content())
    voicemill("run", folder / "tapes", "--op", "stt", "-o", folder / "results", "--profile", profile)
    found: dict[str, list[Second]] = {}
    for word in pq.read_table(folder / "results" / "words.parquet").to_pylist():
        length_s = word["end_s"] - word["start_s"]
        second = Second(int(word["word"].strip("t")), word["start_s"] + length_s / 2, length_s)
        found.setdefault(word["id"], []).append(second)
    rows = {row["id"]: row for row in items(folder / "results")}
    tally = Tally()
    for name, odd in recordings.items():
        row = rows[name]
        if row["status"] == "done":
            tally.count(odd, whole_tones(found.get(name, []), odd.tone_s), row["damaged_s"] or 0.0)
        else:
            tally.count_refused(odd, row["error_message"])
    return tally, len([call for call in service.server.calls if call.path == "/stt"])


def test_every_second_of_an_archive_is_transcribed_once(
    voicemill: InThisProcess, service: SpeechService, tmp_path: Path
) -> None:
    """Each second of the files of an archive is in exactly one call, and its word at the time at which it is played."""
    tally, calls = transcribed(voicemill, service, tmp_path, _FILES)
    assert tally.faults == []
    assert tally.files + tally.refused == _FILES
    assert calls > _FILES


@pytest.mark.recordings
@pytest.mark.timeout(36_000)
def test_archive_of_two_thousand_files(
    voicemill: InThisProcess, service: SpeechService, tmp_path: Path, report: Report
) -> None:
    """As above, with two thousand files."""
    tally, calls = transcribed(voicemill, service, tmp_path, size(nightly=2000, usual=0))
    report("odd_archive", tally.figures() | {"calls": calls})
    assert tally.faults == []
