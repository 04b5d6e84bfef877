"""Long recordings are read from marks, and every segment is the same as if all before it had been decoded."""

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from tests.audio.numbered_seconds import HEARD_RATE_HZ, found_seconds
from tests.audio.odd_recordings import Kind, OddRecording
from voicemill.audio import marks
from voicemill.audio.decode import decode_segment
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.playback import Playback
from voicemill.model.recordings import Mark

_KINDS = [
    Kind("wav", "pcm_s16le", 16000),
    Kind("wav", "adpcm_ima_wav", 22050),
    Kind("mp3", "libmp3lame", 44100, (("q", "4"),)),
    Kind("adts", "aac", 44100),
    Kind("ogg", "libopus", 48000),
    Kind("ipod", "aac", 44100),
    Kind("webm", "libopus", 48000, is_timed=True),
    Kind("mpegts", "mp2", 48000, is_timed=True),
]


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: f"{kind.container}-{kind.codec}")
def test_segment_from_a_mark_has_its_seconds(tmp_path: Path, kind: Kind) -> None:
    """A segment in the middle is found by a mark, and its seconds are where they are in the whole recording."""
    path = tmp_path / "recording"
    path.write_bytes(OddRecording(kind, seconds=10).content())
    with mock.patch.object(marks, "_EVERY_S", 2.0):
        recording = inspect_recording(path)
    assert recording.reading.marks or kind.codec.startswith("pcm")
    with mock.patch.object(Playback, "frames", side_effect=AssertionError("decoded from the start")):
        samples = np.concatenate([*decode_segment(path, HEARD_RATE_HZ, 5.0, 8.0, recording.reading)])
    found = found_seconds(samples)
    assert [second.number for second in found if second.length_s > 0.7] == [5, 6, 7]
    assert samples.size == pytest.approx(3 * HEARD_RATE_HZ, abs=2)


def test_wrong_mark_is_not_used(tmp_path: Path) -> None:
    """If the container does not seek to the packet of a mark, the recording is decoded from its start."""
    path = tmp_path / "recording"
    path.write_bytes(OddRecording(_KINDS[2], seconds=10).content())
    with mock.patch.object(marks, "_EVERY_S", 2.0):
        reading = inspect_recording(path).reading
    right = np.concatenate([*decode_segment(path, HEARD_RATE_HZ, 5.0, 8.0, reading)])
    moved = tuple(mark._replace(checksum=mark.checksum ^ 1) for mark in reading.marks)
    found = np.concatenate([*decode_segment(path, HEARD_RATE_HZ, 5.0, 8.0, replace(reading, marks=moved))])
    assert np.abs(found - right).max() < 1e-3


@pytest.mark.parametrize(("repeated_at", "expected"), [(0, [501]), (999, [])])
def test_repeated_packet_is_not_a_mark(repeated_at: int, expected: list[int]) -> None:
    """A packet that comes twice, as silence does, is not a mark, however far away the other one is."""
    recorder = marks.MarkRecorder(sample_rate_hz=8000)
    for number in range(1000):
        checksum = 500 if number == repeated_at else number
        recorder.add(Mark(number, 0, number * 480, checksum), is_candidate=True)
    assert [mark.pts for mark in recorder.marks] == expected
