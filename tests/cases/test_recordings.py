"""Recordings as people have them: every second is used once, at the moment at which a player plays it."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from _pytest.mark.structures import ParameterSet

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Mono
from tests.audio.test_odd_recordings import clips, uploaded
from tests.cases.collected import CASES, column, copied, finished_rows, needs_cases
from voicemill.audio.decode import decode_all
from voicemill.audio.inspection.probe import inspect_recording

pytestmark = needs_cases

_LONGEST_CALL_S = 12.0
_SLACK_S = 0.05
_ALIKE = 0.9


@cache
def sent(name: str) -> Mono:
    """The audio of all calls for a recording, each at its time in the recording."""
    path = CASES / name
    return uploaded(clips(inspect_recording(path), path, _LONGEST_CALL_S))


@cache
def original(name: str) -> Mono:
    """The audio of a plain recording, decoded in one go."""
    return decode_all(io.BytesIO((CASES / name).read_bytes()), HEARD_RATE_HZ)


def part(sound: Mono, start_s: float, stop_s: float) -> Mono:
    """The samples between two times."""
    return sound[round(start_s * HEARD_RATE_HZ) : round(stop_s * HEARD_RATE_HZ)]


def is_at(sound: Mono, expected: Mono, start_s: float) -> bool:
    """Whether `sound` contains `expected` at a time, give or take 50 ms."""
    slack = round(_SLACK_S * HEARD_RATE_HZ)
    start = round(start_s * HEARD_RATE_HZ)
    around = np.pad(sound, slack)[start : start + expected.size + 2 * slack]
    power = np.fft.irfft(np.fft.rfft(around) * np.conj(np.fft.rfft(expected, around.size)), around.size)
    likeness = power[: 2 * slack + 1].max() / (np.linalg.norm(expected) * np.linalg.norm(around) + 1e-9)
    return bool(likeness > _ALIKE)


def long_recording(*values: object) -> ParameterSet:
    """Parameters with a recording that takes seconds of CPU."""
    return pytest.param(*values, marks=pytest.mark.recordings)


@pytest.mark.parametrize(
    ("name", "reference", "from_s", "to_s", "start_s"),
    [
        ("timelines/late.mkv", "nemo/long.wav", 0.0, 6.0, 2.994),
        ("timelines/gap15.mp4", "nemo/long.wav", 0.0, 2.5, 0.0),
        ("timelines/gap15.mp4", "nemo/long.wav", 4.5, 6.0, 6.0),
        long_recording("timelines/hole.webm", "timelines/plain.webm", 0.0, 6.9, 0.0),
        long_recording("timelines/hole.webm", "timelines/plain.webm", 8.0, 33.0, 12.0),
        long_recording("pieces/dictaphone.wav", "timelines/plain.webm", 0.0, 33.0, 0.0),
        long_recording("pieces/joined.ogg", "timelines/plain.webm", 0.0, 33.0, 0.0),
        ("mp3/joined_same.mp3", "audiofolder/b.wav", 0.0, 6.0, 0.0),
        ("mp3/joined_same.mp3", "audiofolder/a.wav", 0.0, 2.9, 6.087),
        ("mp3/garbage_back.mp3", "audiofolder/b.wav", 0.0, 6.0, 0.025),
        ("damaged-middle/noise_j.mp3", "timelines/plain.webm", 13.2, 17.0, 0.05),
        ("damaged-middle/zeros_j.ogg", "timelines/plain.webm", 20.0, 24.0, 6.85),
        ("two-tracks/second_default.mkv", "audiofolder/a.wav", 0.0, 2.9, 0.021),
        ("sound-shorter-than-picture/short.mkv", "audiofolder/a.wav", 0.0, 2.9, 0.0),
        ("sound-shorter-than-picture/short.mp4", "audiofolder/a.wav", 0.0, 2.9, 0.0),
    ],
)
def test_audio_is_sent_at_its_time(name: str, reference: str, from_s: float, to_s: float, start_s: float) -> None:
    """What is sent from a recording has the words of its source at the time of a player, within 50 ms."""
    assert is_at(sent(name), part(original(reference), from_s, to_s), start_s)


def test_late_sound_of_a_long_film_is_complete() -> None:
    """A film whose sound has holes at its start and inside keeps the length that a player plays."""
    assert inspect_recording(CASES / "timelines" / "late7.mkv").duration_s == pytest.approx(83.48, abs=0.05)


@pytest.mark.parametrize(("name", "damaged_s"), [("noise_j.mp3", 0.2), ("zeros_j.ogg", 1.0)])
def test_damage_is_reported(name: str, damaged_s: float) -> None:
    """Damage in the middle is reported in seconds, and all the rest is used."""
    recording = inspect_recording(CASES / "damaged-middle" / name)
    assert recording.damaged_s == pytest.approx(damaged_s, abs=0.05)
    assert recording.duration_s == pytest.approx(10.9, abs=0.2)


def test_the_default_track_is_used(tmp_path: Path) -> None:
    """The default track is used, not the commentary before it, and a warning names it."""
    recording = inspect_recording(CASES / "two-tracks" / "second_default.mkv")
    assert (recording.tracks, recording.reading.track) == (2, 1)


@pytest.mark.recordings
def test_offsets_choose_the_passage(tmp_path: Path) -> None:
    """`offset` and `duration` choose the passage that is transcribed, and the word times are the recording's."""
    manifest = copied("nemo", tmp_path) / "nemo.jsonl"
    rows = finished_rows(manifest, op="stt")
    assert column(rows, "duration_s") == [2.0, 2.0, 2.05]
    for word in pq.read_table(manifest.parent / "results" / "words.parquet").to_pylist():
        start_s = {"s1": 0.0, "s2": 2.0, "s3": 4.0}[word["id"]]
        assert start_s <= word["start_s"] <= start_s + 2.05


def test_a_passage_is_converted(tmp_path: Path) -> None:
    """With `offset` and `duration`, only that passage is sent, converted and delivered, at its length."""
    manifest = copied("nemo", tmp_path) / "nemo.jsonl"
    rows = finished_rows(manifest, op="voice_change", voice="Sarah")
    assert column(rows, "duration_s") == pytest.approx([2.0, 2.0, 2.05], abs=0.001)
    assert len(set(column(rows, "sha256"))) == 3
