"""Recordings are split in pauses, reproducibly and in little memory."""

from pathlib import Path

import numpy as np
import pytest

from tests.audio.recordings import bursts, tone, write
from voicemill.audio.silence import cut_times, gap_times


def test_long_recording_is_split_in_its_pauses(tmp_path: Path) -> None:
    """Each split is in a pause near the even share, no segment is too long, and together they are the recording."""
    pauses = [(27.3, 27.9), (45.0, 45.2), (50.5, 51.3), (70.0, 70.1)]
    write(tmp_path / "a.wav", bursts(100, pauses))
    times = cut_times(tmp_path / "a.wav", 30)
    starts, stops = times[::2], times[1::2]
    assert starts[1:] == stops[:-1]
    assert (times[0], times[-1]) == (0.0, 100.0)
    assert all(stop - start <= 30 for start, stop in zip(starts, stops, strict=True))
    assert 27.3 < stops[0] < 27.9
    assert 50.5 < stops[1] < 51.3
    assert times == cut_times(tmp_path / "a.wav", 30)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.ogg"])
def test_every_format_is_split_in_the_same_pauses(tmp_path: Path, name: str) -> None:
    """Compressed recordings are split in the same pauses as the others."""
    write(tmp_path / name, bursts(10, [(5.0, 5.5)], 48000), 48000)
    _, stop_s, start_s, end_s = cut_times(tmp_path / name, 6)
    assert stop_s == start_s
    assert 5.0 < stop_s < 5.5
    assert end_s == pytest.approx(10, abs=0.1)


def test_silent_segments_are_left_out(tmp_path: Path) -> None:
    """A silent segment is not sent; a recording that is silent throughout is sent as a whole."""
    write(tmp_path / "a.wav", bursts(100, [(20.0, 81.0)]))
    times = cut_times(tmp_path / "a.wav", 12)
    assert times[0] == 0.0
    assert times[-1] == 100.0
    sent_s = sum(times[1::2]) - sum(times[::2])
    assert 39 <= sent_s <= 39 + 2 * 12
    write(tmp_path / "silent.wav", np.zeros(40 * 16_000, np.float32))
    assert len(cut_times(tmp_path / "silent.wav", 12)) == 8


def test_gap_edges_move_to_the_quietest_moment_nearby(tmp_path: Path) -> None:
    """Edges move by at most 0.15 s; a pause that is farther away is not used."""
    write(tmp_path / "a.wav", bursts(4, [(0.92, 0.96), (2.05, 2.1), (3.3, 3.4)]))
    from_s, to_s = gap_times(tmp_path / "a.wav", 1.0, 2.0, 4.0)
    assert 0.92 < from_s < 0.96
    assert 2.05 < to_s < 2.1
    assert abs(gap_times(tmp_path / "a.wav", 1.0, 3.0, 4.0)[1] - 3.0) <= 0.15


@pytest.mark.parametrize(
    ("from_s", "to_s", "expected"),
    [(0.0, 4.0, (0.0, 4.0)), (0.0, 0.0, (0.0, 0.0)), (4.0, 4.0, (4.0, 4.0))],
)
def test_edges_at_the_ends_of_a_recording_stay(
    tmp_path: Path, from_s: float, to_s: float, expected: tuple[float, float]
) -> None:
    """An edge at the very start or end is not moved into the recording."""
    write(tmp_path / "a.wav", bursts(4, [(0.1, 0.2), (3.85, 3.95)]))
    assert gap_times(tmp_path / "a.wav", from_s, to_s, 4.0) == expected


@pytest.mark.parametrize(("from_s", "to_s"), [(1.0, 1.0), (1.0, 1.02), (1.0, 1.2)])
def test_short_gaps_stay_valid(tmp_path: Path, from_s: float, to_s: float) -> None:
    """The edges of a short gap do not swap, and an empty gap stays empty."""
    write(tmp_path / "a.wav", bursts(4, [(0.9, 0.95), (1.1, 1.15)]))
    first_s, last_s = gap_times(tmp_path / "a.wav", from_s, to_s, 4.0)
    assert first_s <= last_s
    assert (first_s == last_s) == (from_s == to_s)


def test_samples_too_large_to_be_squared_are_cut_without_a_warning(tmp_path: Path) -> None:
    """Damaged 32-bit samples have such values."""
    samples = tone(3.0, 8000)
    samples[8000:8200] = 1e30
    write(tmp_path / "a.wav", samples, 8000, kind="pcm_f32le")
    times = cut_times(tmp_path / "a.wav", 1.0)
    assert (times[0], times[-1]) == (0.0, 3.0)
