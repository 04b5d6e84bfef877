"""Every second of a recording is uploaded once, at the moment at which a player plays it, whatever the file is like."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Mono, found_seconds
from tests.audio.odd_recordings import SHORT_TONE_S, Kind, OddRecording, odd_recordings
from tests.faults.figures import Report, size
from voicemill.audio.decode import decode_all
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.audio.segment_files import clip_blocks, write_flac_clip
from voicemill.audio.silence import cut_times
from voicemill.model import Clip, Recording

_LONGEST_CALL_S: Final = 1.0
_WORST_OFFSET_S: Final = 0.05
_PADDING_S: Final = 0.06
"""The damage that may be reported for a hundred bytes after the last packet: one or two frames."""
_MOST_DAMAGED: Final = 3
"""Tones that damaged bytes may take; Matroska and Ogg give up everything up to the next cluster or page."""
_COARSE: Final = frozenset({"matroska", "webm", "ogg", "asf", "wv", "flac", "amr"})
_WITHOUT_LENGTH: Final = frozenset({"mp3", "mp2", "ac3", "eac3", "adts", "amr", "ogg", "mpeg", "mpegts", "asf"})
"""Containers that may state no length, so that a file cut between two packets looks complete."""
_TOLERANT: Final = frozenset({"amr", "3gp", "asf"})
"""Containers or codecs whose damage may go unnoticed: damaged speech frames of AMR are valid ones."""
_TONAL: Final = frozenset({"amr", "wv"})
"""Containers whose damaged packets decode to sound that the test takes for tones."""
_PER_TEST: Final = 25
_PARTS: Final = 20
_MANY: Final = 10_000
_LEAST_OF_DOUBLED: Final = 0.6
"""The share of a tone that must come twice in a damaged recording to count as doubled."""
_EVERY_FILE: Final = 5
"""One recording in five is uploaded as files. Of the others, the test takes the samples from which files are made."""


@dataclass
class Tally:
    """What became of many recordings."""

    files: int = 0
    refused: int = 0
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    worst_offset_s: float = 0.0
    faults: list[str] = field(default_factory=list)


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
    report(
        "odd_recordings",
        {
            "files": tally.files,
            "refused": tally.refused,
            "seconds": round(tally.seconds),
            "lost": tally.lost,
            "doubled": tally.doubled,
            "offset_ms_at_most": round(tally.worst_offset_s * 1000),
        },
    )
    assert tally.faults == []


def checked(numbers: range, path: Path) -> Tally:
    """Check the recordings of these numbers."""
    tally = Tally()
    for number, recording in zip(numbers, odd_recordings(numbers), strict=True):
        check(recording, path, tally, as_files=number % _EVERY_FILE == 0)
    return tally


def check(odd: OddRecording, path: Path, tally: Tally, *, as_files: bool) -> None:
    """Inspect and cut a recording, take its clips as they are uploaded, and look for its tones in them."""
    path.write_bytes(odd.content())
    try:
        recording = inspect_recording(path)
    except Unlistenable as error:
        tally.refused += 1
        if odd.damage != "cut":
            tally.faults.append(f"{odd} is refused: {error}")
        return
    tally.files += 1
    sound = uploaded(clips(recording, path)) if as_files else sent(clips(recording, path))
    found = found_seconds(sound, odd.tone_s)
    expected = {number: moment_s + delay_s(odd.kind) for number, moment_s in odd.expected().items()}
    counts = Counter(second.number for second in found)
    lost = sorted(expected.keys() - counts.keys())
    # Damaged packets may decode to noise, which sounds like a short tone or like another number.
    container, is_whole = odd.kind.container, odd.damage in ("", "padding")
    long = Counter(second.number for second in found if is_whole or second.length_s > _LEAST_OF_DOUBLED * odd.tone_s)
    doubled = sorted(number for number, count in long.items() if count > 1 and (is_whole or container not in _TONAL))
    known = [second for second in found if second.number in expected or is_whole]
    offset_s = max((abs(second.middle_s - expected.get(second.number, 0.0)) for second in known), default=0.0)
    tally.seconds += len(known) * odd.tone_s
    tally.doubled += len(doubled)
    if is_whole:
        tally.lost += len(lost)
        tally.worst_offset_s = max(tally.worst_offset_s, offset_s)
        if lost or doubled or offset_s > _WORST_OFFSET_S or is_falsely_damaged(odd, recording):
            off = f"off by {offset_s:.3f} s, {recording.damaged_s} s damaged"
            tally.faults.append(f"{odd}: lost {lost}, doubled {doubled}, {off}")
    elif doubled or not is_accounted_for(odd, recording, lost):
        tally.faults.append(f"{odd}: lost {lost} of {recording.damaged_s} damaged seconds, doubled {doubled}")


def is_falsely_damaged(odd: OddRecording, recording: Recording) -> bool:
    """Whether an undamaged recording is reported as damaged. A broadcast does not pause: its holes are damage."""
    return recording.damaged_s > _PADDING_S and not (odd.holes and odd.kind.container == "mpegts")


def is_accounted_for(odd: OddRecording, recording: Recording, lost: list[int]) -> bool:
    """Whether a damaged recording is reported as such and lost no more than its damage explains."""
    container = odd.kind.container
    may_look_whole = container in (_WITHOUT_LENGTH if odd.damage == "cut" else _TOLERANT)
    # Nothing states the length of an appended file, or that the sound of a film was longer.
    may_look_whole |= (odd.damage == "cut" and bool(odd.join or odd.kind.picture)) or (
        container == "flac" and odd.join > 0
    )
    if lost and not recording.damaged_s and not may_look_whole:
        return False
    return odd.damage == "cut" or container in _COARSE or len(lost) <= _MOST_DAMAGED


def clips(recording: Recording, path: Path, longest_s: float = _LONGEST_CALL_S) -> Iterator[Clip]:
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


@cache
def delay_s(kind: Kind) -> float:
    """The delay of a codec that its container does not state: players have it as well."""
    plain = OddRecording(kind, tone_s=SHORT_TONE_S)
    found = found_seconds(decode_all(io.BytesIO(plain.content()), HEARD_RATE_HZ), SHORT_TONE_S)
    return found[0].middle_s - SHORT_TONE_S / 2
