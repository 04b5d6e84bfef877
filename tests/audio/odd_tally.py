"""What becomes of the numbered tones of odd recordings, counted over many of them."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Second, found_seconds
from tests.audio.odd_recordings import SHORT_TONE_S, Kind, OddRecording
from voicemill.audio.decode import decode_all

_WORST_OFFSET_S: Final = 0.05
_PADDING_S: Final = 0.08
"""The damage that may be reported for a hundred bytes after the last packet: up to three frames."""
_MOST_DAMAGED: Final = 3
"""Tones that damaged bytes may take; Matroska and Ogg give up everything up to the next cluster or page."""
_COARSE: Final = frozenset({"matroska", "webm", "ogg", "asf", "wv", "flac", "amr"})
_WITHOUT_LENGTH: Final = frozenset({"mp3", "mp2", "ac3", "eac3", "adts", "amr", "ogg", "mpeg", "mpegts", "asf", "flv"})
"""Containers whose sound may have no stated length, so that a file cut between two packets looks complete."""
_TOLERANT: Final = frozenset({"amr", "3gp", "asf"})
"""Containers or codecs whose damage may go unnoticed: damaged speech frames of AMR are valid ones."""
_TONAL: Final = frozenset({"amr", "wv"})
"""Containers whose damaged packets decode to sound that the test takes for tones."""
_LEAST_OF_DOUBLED: Final = 0.6
"""The share of a tone that must come twice in a damaged recording to count as doubled."""


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

    def count_refused(self, odd: OddRecording, why: str) -> None:
        """Count a refused recording.

        It may be refused if its end is missing, where MP4 has its index, or if the header of a fragment is damaged:
        FFmpeg does not open such a file.
        """
        self.refused += 1
        has_header_inside = bool(odd.kind.muxer_options)
        if odd.damage != "cut" and not (odd.damage and has_header_inside):
            self.faults.append(f"{odd} is refused: {why}")

    def count(self, odd: OddRecording, found: Sequence[Second], damaged_s: float) -> None:
        """Count the tones that were found in what was made of a recording.

        `damaged_s` is how many of its seconds were reported as damaged.
        """
        self.files += 1
        is_whole = odd.damage in ("", "padding")
        expected = {number: moment_s + delay_s(odd.kind) for number, moment_s in odd.expected().items()}
        lost = sorted(expected.keys() - {second.number for second in found})
        doubled = _doubled(odd, found, is_whole=is_whole)
        known = [second for second in found if second.number in expected or is_whole]
        self.seconds += len(known) * odd.tone_s
        self.doubled += len(doubled)
        if not is_whole:
            if doubled or not _is_accounted_for(odd, lost, damaged_s):
                self.faults.append(f"{odd}: lost {lost} of {damaged_s} damaged seconds, doubled {doubled}")
            return
        offset_s = max((abs(second.middle_s - expected.get(second.number, 0.0)) for second in known), default=0.0)
        self.lost += len(lost)
        self.worst_offset_s = max(self.worst_offset_s, offset_s)
        if lost or doubled or offset_s > _WORST_OFFSET_S or _is_falsely_damaged(odd, damaged_s):
            what = f"lost {lost}, doubled {doubled}, off by {offset_s:.3f} s, {damaged_s} s damaged"
            self.faults.append(f"{odd}: {what}")

    def figures(self) -> dict[str, float]:
        """The figures to publish."""
        return {
            "files": self.files,
            "refused": self.refused,
            "seconds": round(self.seconds),
            "lost": self.lost,
            "doubled": self.doubled,
            "offset_ms_at_most": round(self.worst_offset_s * 1000),
        }


def _doubled(odd: OddRecording, found: Sequence[Second], *, is_whole: bool) -> list[int]:
    """The tones that were found twice. Damaged packets may decode to noise, which sounds like a short tone."""
    if not is_whole and odd.kind.container in _TONAL:
        return []
    counts = Counter(tone.number for tone in found if is_whole or tone.length_s > _LEAST_OF_DOUBLED * odd.tone_s)
    return sorted(number for number, count in counts.items() if count > 1)


def _is_falsely_damaged(odd: OddRecording, damaged_s: float) -> bool:
    """Whether an undamaged recording is reported as damaged. A broadcast does not pause: its holes are damage."""
    return damaged_s > _PADDING_S and not (odd.holes and odd.kind.container == "mpegts")


def _is_accounted_for(odd: OddRecording, lost: list[int], damaged_s: float) -> bool:
    """Whether a damaged recording is reported as such and lost no more than its damage explains."""
    container = odd.kind.container
    may_look_whole = container in (_WITHOUT_LENGTH if odd.damage == "cut" else _TOLERANT)
    # Nothing states the length of an appended file, or that the sound of a film was longer.
    may_look_whole |= (odd.damage == "cut" and bool(odd.join or odd.kind.picture)) or (
        container == "flac" and odd.join > 0
    )
    if lost and not damaged_s and not may_look_whole:
        return False
    return odd.damage == "cut" or container in _COARSE or len(lost) <= _MOST_DAMAGED


@cache
def delay_s(kind: Kind) -> float:
    """The delay of a codec that its container does not state: players have it as well."""
    plain = OddRecording(kind, tone_s=SHORT_TONE_S)
    found = found_seconds(decode_all(io.BytesIO(plain.content()), HEARD_RATE_HZ), SHORT_TONE_S)
    return found[0].middle_s - SHORT_TONE_S / 2
