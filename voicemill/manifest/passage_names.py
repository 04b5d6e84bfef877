"""The names that formats give to the start, the end and the duration of a passage, such as `Segment End (ms)`."""

import re
from typing import Final, Literal, NamedTuple

Meaning = Literal["from_s", "to_s", "duration"]
Unit = Literal["seconds", "milliseconds", "microseconds", "samples", "unknown"]

MEANINGS: Final[dict[str, Meaning]] = {
    **dict.fromkeys(("start", "begin", "beg", "onset", "offset", "tstart", "tmin", "xmin", "t0"), "from_s"),
    **dict.fromkeys(("starttime", "begintime", "startsec", "in", "from"), "from_s"),
    **dict.fromkeys(("end", "stop", "tend", "tmax", "xmax", "t1"), "to_s"),
    **dict.fromkeys(("endtime", "stoptime", "endsec", "out", "to"), "to_s"),
    **dict.fromkeys(("duration", "dur", "length", "len"), "duration"),
}
"""The words that say what a time is."""
_ONLY_WITH_UNIT: Final = frozenset({"from", "to", "out"})
"""Words that alone may mean something else."""
_LENGTHS: Final = frozenset({"length", "len"})
_UNITS: Final[dict[str, Unit]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "time", "hms", "timecode"), "seconds"),
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("us", "usec", "usecs", "micros", "microsecond", "microseconds"), "microseconds"),
    **dict.fromkeys(("frame", "frames", "sample", "samples"), "samples"),
}
_FILLERS: Final = frozenset({
    "t", "ts", "timestamp", "segment", "seg", "clip", "audio", "utterance", "utt", "chunk", "cue", "passage", "pos",
    "position", "at", "in",
})  # fmt: skip
_WORD: Final = re.compile(r"[A-Z]?[a-z]+\d?|[A-Z]+(?![a-z])\d?|\d+")


class PassageName(NamedTuple):
    """What the name of a column says about a passage: which of its times, and in which unit."""

    meaning: Meaning
    unit: Unit


def passage_name(name: str) -> PassageName | None:
    """What `name` says about a passage; None for a name with any word that is not about times."""
    words = [word.lower() for word in _WORD.findall(name)]
    times = [word for word in words if word in MEANINGS]
    if len(times) > 1:
        times = [word for word in times if word not in ("offset", "in")]
    others = [word for word in words if word not in times and word != "offset"]
    if len(times) != 1 or not all(word in _UNITS or word in _FILLERS for word in others):
        return None
    if times[0] in _ONLY_WITH_UNIT and not any(word in _UNITS for word in others):
        return None
    return PassageName(MEANINGS[times[0]], _unit(times[0], others))


def _unit(time: str, others: list[str]) -> Unit:
    """The unit that a name states. A time without one is in seconds, but a length may be that of the text."""
    stated = {_UNITS[word] for word in others if word in _UNITS and word != "time"}
    if not stated:
        return "unknown" if time in _LENGTHS else "seconds"
    return stated.pop() if len(stated) == 1 else "unknown"
