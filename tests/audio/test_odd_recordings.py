"""Every second of a recording is uploaded once, at the moment at which a player plays it, whatever the file is like."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Mono, found_seconds
from tests.audio.odd_recordings import KINDS, OddRecording, odd_recordings
from tests.audio.odd_tally import Tally
from tests.faults.figures import Report, size
from voicemill.audio.decode import decode_all
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.audio.segment_files import clip_blocks, write_flac_clip
from voicemill.audio.silence import cut_times
from voicemill.model import Clip, Recording

_LONGEST_CALLS_S: Final = (1.0, 2.5)
"""The limits of a call. Each decodes from near its start, so that short calls cost most of the time of this test."""
_PER_TEST: Final = 32
_PARTS: Final = 4
_MANY: Final = 10_000
_EVERY_FILE: Final = 5
"""One recording in five is uploaded as files. Of the others, the test takes the samples from which files are made."""


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_second_is_uploaded_once(tmp_path: Path, part: int) -> None:
    """Late sound, holes, joined files and damage in all kinds of containers: no second is lost, moved or repeated."""
    tally = checked(range(part * _PER_TEST, (part + 1) * _PER_TEST), tmp_path / "recording")
    assert tally.faults == []
    assert tally.files + tally.refused == _PER_TEST


@pytest.mark.recordings
@pytest.mark.timeout(36_000)
def test_ten_thousand_recordings(tmp_path: Path, report: Report) -> None:
    """As above, ten thousand times."""
    tally = checked(range(size(nightly=_MANY, usual=0)), tmp_path / "recording")
    report("odd_recordings", tally.figures())
    assert tally.faults == []


def checked(numbers: range, path: Path) -> Tally:
    """Check the recordings of these numbers."""
    tally = Tally()
    for number, recording in zip(numbers, odd_recordings(numbers), strict=True):
        longest_s = _LONGEST_CALLS_S[number // len(KINDS) % len(_LONGEST_CALLS_S)]
        check(recording, path, tally, longest_s, as_files=number % _EVERY_FILE == 0)
    return tally


def check(odd: OddRecording, path: Path, tally: Tally, longest_s: float, *, as_files: bool) -> None:
    """Inspect and cut a recording, take its clips as they are uploaded, and look for its tones in them."""
    path.write_bytes(odd.content())
    try:
        recording = inspect_recording(path)
    except Unlistenable as error:
        tally.count_refused(odd, str(error))
        return
    of_calls = clips(recording, path, longest_s)
    sound = uploaded(of_calls) if as_files else sent(of_calls)
    tally.count(odd, found_seconds(sound, odd.tone_s), recording.damaged_s)


def clips(recording: Recording, path: Path, longest_s: float) -> Iterator[Clip]:
    """The clips of calls of limited length."""
    times = cut_times(path, longest_s, recording.reading)
    for start_s, stop_s in zip(times[::2], times[1::2], strict=True):
        yield recording.clip(start_s, stop_s)


def uploaded(all_clips: Iterable[Clip]) -> Mono:
    """The sound of all uploaded files at 8 kHz, each at its moment in the recording. Fails where two overlap."""
    return placed((clip, decoded_upload(clip)) for clip in all_clips)


def sent(all_clips: Iterable[Clip]) -> Mono:
    """As `uploaded`, without the files."""
    return placed((clip, np.concatenate([*clip_blocks(clip, HEARD_RATE_HZ)])) for clip in all_clips)


def decoded_upload(clip: Clip) -> Mono:
    """The samples of the file that is uploaded for a clip."""
    file = io.BytesIO()
    write_flac_clip(clip, file)
    file.seek(0)
    return decode_all(file, HEARD_RATE_HZ)


def placed(sounds: Iterable[tuple[Clip, Mono]]) -> Mono:
    """The sounds of clips, each at its moment in the recording. Fails where two overlap."""
    parts: list[Mono] = []
    position = 0
    for clip, sound in sounds:
        start = round(clip.start_s * HEARD_RATE_HZ)
        assert start >= position
        parts += [np.zeros(start - position, np.float32), sound[: round(clip.duration_s * HEARD_RATE_HZ)]]
        position = start + parts[-1].size
    return np.concatenate(parts)
