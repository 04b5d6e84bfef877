"""Levels, passages and files of mastered audio, on signals that are known."""

import io
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.book.spoken_book import ffprobe
from voicemill.audio.encode import encode
from voicemill.book.mastering.filters import limited
from voicemill.book.mastering.levels import levels_of
from voicemill.book.mastering.measurement import measure
from voicemill.book.mastering.media_file import M4B, MP3, Mark, write_media
from voicemill.book.mastering.passages import (
    RATE_HZ,
    SURROUND_S,
    Passage,
    at_even_loudness,
    source_levels,
    trimmed,
    with_room_tone,
)
from voicemill.book.mastering.tracks import split
from voicemill.model.audio_formats import AudioFormat

Mono = NDArray[np.float32]


def _speech(seconds: float, level: float, rate_hz: int = RATE_HZ) -> Mono:
    """Noise in bursts of 0.7 s with pauses of 0.3 s, between half a second of digital silence."""
    random = np.random.RandomState(1)
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    bursts = random.standard_normal(times_s.size) * level * (times_s % 1 < 0.7)
    silence = np.zeros(rate_hz // 2)
    return np.concatenate([silence, bursts, silence]).astype(np.float32)


def _wav(path: Path, samples: Mono, rate_hz: int = RATE_HZ) -> Path:
    path.write_bytes(encode(samples, rate_hz, AudioFormat("wav", rate_hz, "pcm_s16le")))
    return path


def test_levels_of_a_sine() -> None:
    """A sine at half scale has an RMS of -9.03 dB and a peak of -6.02 dB, whatever the block length."""
    sine = (0.5 * np.sin(np.arange(RATE_HZ * 2) * 2 * np.pi * 1000 / RATE_HZ)).astype(np.float32)
    levels = levels_of(np.array_split(sine, 37), RATE_HZ)
    assert levels.rms_db == pytest.approx(-9.03, abs=0.01)
    assert levels.peak_db == pytest.approx(-6.02, abs=0.01)
    assert levels.floor_db == pytest.approx(-9.03, abs=0.01)
    assert levels.duration_s == 2


def test_limiter_keeps_length_and_quiet_sound() -> None:
    """No sample exceeds the ceiling, the length stays the same, and sound below the ceiling is not changed."""
    quiet, loud = _speech(2, 0.05), _speech(2, 0.5)
    unchanged = np.concatenate([*limited([quiet], -3, RATE_HZ)])
    held = np.concatenate([*limited([loud], -3, RATE_HZ)])
    assert unchanged == pytest.approx(quiet, abs=1e-4)
    assert held.size == loud.size
    assert np.abs(held).max() <= 10 ** (-3 / 20) + 1e-6


@pytest.mark.parametrize(("level", "rate_hz"), [(0.01, 24_000), (0.3, 44_100)])
def test_quiet_and_loud_sources_become_equally_loud(tmp_path: Path, level: float, rate_hz: int) -> None:
    """Sources 30 dB apart keep the limits of ACX after one encode, with room tone at both ends."""
    source = _wav(tmp_path / "source.wav", _speech(6, level, rate_hz), rate_hz)
    passage = at_even_loudness(trimmed(source, source_levels(source)), MP3.ceiling_db)
    with (tmp_path / "out.mp3").open("w+b") as file:
        write_media(file, MP3, with_room_tone([passage], MP3.ceiling_db), RATE_HZ, tags={"title": "A"})
    measured = measure(tmp_path / "out.mp3")
    assert -23 <= measured.rms_db <= -18
    assert measured.peak_db <= -3
    assert -78 < measured.floor_db <= -60
    assert 0.5 <= measured.head_s <= 1
    assert 1 <= measured.tail_s <= 5
    assert (measured.bit_rate_bps, measured.is_constant_rate, measured.channels) == (192_000, True, 1)
    assert measured.duration_s == pytest.approx(passage.duration_s, abs=0.001)


def test_300_chapters_in_m4b_and_mp3(tmp_path: Path) -> None:
    """Both formats have every chapter, exactly in M4B and to the millisecond in MP3; M4B has both kinds of marks."""
    lengths = np.random.RandomState(2).randint(600, 1800, 300)
    ends = np.cumsum(lengths)
    marks = [
        Mark(f"Chapitre {n} – é", int(end - length), int(end))
        for n, (end, length) in enumerate(zip(ends, lengths, strict=True))
    ]
    for codec, path, error_s in ((M4B, tmp_path / "a.m4b", 1e-6), (MP3, tmp_path / "a.mp3", 0.0006)):
        with path.open("w+b") as file:
            write_media(file, codec, [_speech(ends[-1] / RATE_HZ - 1, 0.1)], RATE_HZ, tags={"title": "A"}, marks=marks)
        found = ffprobe(path, "chapters")["chapters"]
        assert [one["tags"]["title"] for one in found] == [mark.title for mark in marks]
        starts_s = [mark.start / RATE_HZ for mark in marks]
        assert [float(one["start_time"]) for one in found] == pytest.approx(starts_s, abs=error_s)
    content = (tmp_path / "a.m4b").read_bytes()
    place = content.index(b"chpl")
    assert content[place + 12] == 255
    assert b"text" in content[content.index(b"moov") :]


def test_long_chapter_is_split_at_pauses(tmp_path: Path) -> None:
    """Each part keeps the limit with its room tone, the parts join without a gap, and each cut is in a pause."""
    source = _wav(tmp_path / "long.wav", _speech(60, 0.1, 8000), 8000)
    levels = source_levels(source)
    whole = trimmed(source, levels)
    parts = split(whole, levels, longest_s=25)
    assert len(parts) == 3
    assert all(part.duration_s <= 25 for part in parts)
    assert all(before.stop_s == after.start_s for before, after in pairwise(parts))
    assert (parts[0].start_s, parts[-1].stop_s) == (whole.start_s, whole.stop_s)
    assert all((part.start_s - 0.5) % 1 > 0.7 for part in parts[1:])


def test_passage_times_follow_the_trim() -> None:
    """A moment of the source comes after the room tone, counted from where the passage begins."""
    passage = Passage(Path("a.wav"), 1.5, 4.0)
    assert passage.duration_s == pytest.approx(2.5 + SURROUND_S)
    assert passage.moved_s(2.0) == pytest.approx(1.1)
    assert passage.moved_s(0.0) == pytest.approx(0.6)


def test_media_files_are_the_same_each_time() -> None:
    """Two encodes of the same samples have the same bytes, without the version of the encoder's library."""
    made = []
    for _ in range(2):
        file = io.BytesIO()
        write_media(file, M4B, [_speech(1, 0.1)], RATE_HZ, tags={"title": "A"}, marks=[Mark("A", 0, RATE_HZ)])
        made.append(file.getvalue())
    assert made[0] == made[1]
    assert b"Lavf" not in made[0]
    with av.open(io.BytesIO(made[0])) as container:
        assert container.metadata["title"] == "A"
