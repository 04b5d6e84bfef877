"""What shops require of the files: limits for measured values, and their rules on synthesized narration."""

from dataclasses import dataclass, field
from typing import Final

from voicemill.book.mastering.measurement import Measurement

LONGEST_TRACK_S: Final = 120 * 60.0
LONGEST_SAMPLE_S: Final = 5 * 60.0
LONGEST_APPLE_TRACK_S: Final = 23 * 3600.0

_ACX: Final = "https://help.acx.com/s/article/what-are-the-acx-audio-submission-requirements"
_ACX_ROOM_TONE: Final = "http://andrewnoske.com/wiki/Audio_Creation_Exchange"
"""A secondary source: the page of ACX no longer states how long room tone must be."""
_GOOGLE: Final = "https://support.google.com/books/partner/answer/3424254"
_APPLE: Final = "https://help.apple.com/itc/audiobooksspec/"
_OURS: Final = "voicemill"


@dataclass(frozen=True, slots=True)
class Limit:
    """The allowed range of one measured value; a bound of None is open."""

    value: str
    at_least: float | None
    at_most: float | None
    source: str

    def allows(self, measured: float) -> bool:
        """Whether a measured value is within the limit."""
        return (self.at_least is None or measured >= self.at_least) and (
            self.at_most is None or measured <= self.at_most
        )


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop or a kind of delivery: the limits of its files, and its rule on synthesized narration."""

    name: str
    limits: tuple[Limit, ...]
    narration: str
    narration_source: str = ""
    sample_limits: tuple[Limit, ...] = field(default=())


_LEVELS: Final = (
    Limit("rms_db", -23, -18, _ACX),
    Limit("peak_db", None, -3, _ACX),
    Limit("floor_db", None, -60, _ACX),
)
_OWN_LEVELS: Final = tuple(Limit(limit.value, limit.at_least, limit.at_most, _OURS) for limit in _LEVELS)
_ACX_FORMAT: Final = (
    Limit("bit_rate_bps", 192_000, None, _ACX),
    Limit("is_constant_rate", 1, 1, _ACX),
    Limit("sample_rate_hz", 44_100, 44_100, _ACX),
    Limit("channels", 1, 1, _ACX),
    Limit("head_s", 0.5, 1, _ACX_ROOM_TONE),
    Limit("tail_s", 1, 5, _ACX_ROOM_TONE),
)
_OWN_RULE: Final = "Players have no rule; say in the description that the narration is synthesized."

SHOPS: Final = {
    "acx": Shop(
        "acx",
        (*_LEVELS, *_ACX_FORMAT, Limit("duration_s", None, LONGEST_TRACK_S, _ACX)),
        "ACX requires human narration unless it has authorized another kind: files within the limits may be refused.",
        _ACX,
        (*_LEVELS, *_ACX_FORMAT, Limit("duration_s", None, LONGEST_SAMPLE_S, _ACX)),
    ),
    "google": Shop(
        "google",
        (*_OWN_LEVELS, Limit("bit_rate_bps", 128_000, None, _GOOGLE), Limit("channels", 1, 2, _GOOGLE)),
        "Google Play accepts uploads; disclose synthesized narration in the listing.",
        "https://support.google.com/books/partner/answer/7626222",
    ),
    "apple": Shop(
        "apple",
        (*_OWN_LEVELS, Limit("duration_s", None, LONGEST_APPLE_TRACK_S, _APPLE)),
        "Apple Books accepts audiobooks through partners; ask your partner for its rule on synthesized narration.",
        _APPLE,
    ),
    "m4b": Shop("m4b", _OWN_LEVELS, _OWN_RULE),
    "mp3": Shop("mp3", (*_OWN_LEVELS, Limit("is_constant_rate", 1, 1, _OURS)), _OWN_RULE),
    "read-along": Shop("read-along", _OWN_LEVELS, _OWN_RULE),
    "archive": Shop("archive", (), _OWN_RULE),
}
"""By the name of the delivery."""


def violations(measured: Measurement, limits: tuple[Limit, ...]) -> list[Limit]:
    """The limits that a file does not keep."""
    return [limit for limit in limits if not limit.allows(float(getattr(measured, limit.value)))]
