"""Every second of a recording is uploaded once, at the moment at which a player plays it, whatever the file is like."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Mono, found_seconds
from tests.audio.odd_recordings import Kind, OddRecording, odd_recordings
from tests.faults.figures import Report
from voicemill.audio.decode import decode_all
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.audio.segment_files import write_flac_clip
from voicemill.audio.silence import cut_times
from voicemill.model import Clip, Recording

_LONGEST_CALL_S: Final = 2.0
_WORST_OFFSET_S: Final = 0.05
_TONE_S: Final = 0.9
_MOST_DAMAGED: Final = 3
"""Seconds that 3,000 damaged bytes may take; Matroska and Ogg give up everything up to the next cluster or page."""
_COARSE: Final = frozenset({"matroska", "webm", "ogg", "asf", "wv", "flac"})
_PER_TEST: Final = 8
_PARTS: Final = 20
_MANY: Final = 10_000


@dataclass
class Tally:
    """What became of many recordings."""

    files: int = 0
    refused: int = 0
    seconds: int = 0
    lost: int = 0
    doubled: int = 0
    worst_offset_s: float = 0.0
    faults: list[str] = field(default_factory=list)


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_second_is_uploaded_once(tmp_path: Path, part: int) -> None:
    """Late sound, holes, joined files and damage in all kinds of containers: no second is lost, moved or repeated."""
    tally = Tally()
    for recording in odd_recordings(range(part * _PER_TEST, (part + 1) * _PER_TEST)):
        check(recording, tmp_path / "recording", tally)
    assert tally.faults == []
    assert tally.files + tally.refused == _PER_TEST


@pytest.mark.recordings
@pytest.mark.timeout(36_000)
def test_ten_thousand_recordings(tmp_path: Path, report: Report) -> None:
    """As above, ten thousand times."""
    tally = Tally()
    for recording in odd_recordings(range(_MANY)):
        check(recording, tmp_path / "recording", tally)
    report(
        "odd_recordings",
        {
            "files": tally.files,
            "refused": tally.refused,
            "seconds": tally.seconds,
            "lost": tally.lost,
            "doubled": tally.doubled,
            "worst_offset_ms": round(tally.worst_offset_s * 1000),
        },
    )
    assert tally.faults == []


def check(odd: OddRecording, path: Path, tally: Tally) -> None:
    """Inspect and cut a recording, write its clips as they are uploaded, and look for its seconds in them."""
    path.write_bytes(odd.content())
    try:
        recording = inspect_recording(path)
    except Unlistenable as error:
        tally.refused += 1
        if odd.damage != "cut":
            tally.faults.append(f"{odd} is refused: {error}")
        return
    tally.files += 1
    found = found_seconds(uploaded(clips(recording, path)))
    expected = {number: moment_s + delay_s(odd.kind) for number, moment_s in odd.expected().items()}
    counts = Counter(second.number for second in found)
    lost = sorted(expected.keys() - counts.keys())
    doubled = sorted(number for number, count in counts.items() if count > 1)
    # Damaged packets may decode to noise, which sounds like another number.
    known = [second for second in found if second.number in expected or odd.damage in ("", "padding")]
    offset_s = max((abs(second.middle_s - expected.get(second.number, 0.0)) for second in known), default=0.0)
    tally.seconds += len(known)
    tally.doubled += len(doubled)
    if odd.damage in ("", "padding"):
        tally.lost += len(lost)
        tally.worst_offset_s = max(tally.worst_offset_s, offset_s)
        if lost or doubled or offset_s > _WORST_OFFSET_S:
            tally.faults.append(f"{odd}: lost {lost}, doubled {doubled}, off by {offset_s:.3f} s")
    elif doubled or not is_accounted_for(odd, recording, lost):
        tally.faults.append(f"{odd}: lost {lost} of {recording.damaged_s} damaged seconds, doubled {doubled}")


def is_accounted_for(odd: OddRecording, recording: Recording, lost: list[int]) -> bool:
    """Whether a damaged recording is reported as such and lost no more than its damage explains."""
    if odd.damage == "cut":
        return True
    return odd.kind.container in _COARSE or len(lost) <= _MOST_DAMAGED


def clips(recording: Recording, path: Path, longest_s: float = _LONGEST_CALL_S) -> Iterator[Clip]:
    """The clips of calls of limited length."""
    times = cut_times(path, longest_s, recording.reading)
    for start_s, stop_s in zip(times[::2], times[1::2], strict=True):
        yield recording.clip(start_s, stop_s)


def uploaded(all_clips: Iterator[Clip]) -> Mono:
    """The sound of all uploads at 8 kHz, each at its moment in the recording. Fails where two overlap."""
    parts: list[Mono] = []
    position = 0
    for clip in all_clips:
        start = round(clip.start_s * HEARD_RATE_HZ)
        assert start >= position
        file = io.BytesIO()
        write_flac_clip(clip, file)
        file.seek(0)
        sound = decode_all(file, HEARD_RATE_HZ)[: round(clip.duration_s * HEARD_RATE_HZ)]
        parts += [np.zeros(start - position, np.float32), sound]
        position = start + sound.size
    return np.concatenate(parts)


@cache
def delay_s(kind: Kind) -> float:
    """The delay of a codec that its container does not state: players have it as well."""
    content = io.BytesIO(OddRecording(kind).content())
    return found_seconds(decode_all(content, HEARD_RATE_HZ))[0].middle_s - 0.5
