"""The names that formats give to the start, the end and the duration of a passage, such as `Segment End (ms)`."""

import re
from typing import Final, Literal, NamedTuple

Meaning = Literal["from_s", "to_s", "duration"]
Unit = Literal["seconds", "milliseconds", "microseconds", "samples", "unknown"]

_WORDS: Final[dict[Meaning, str]] = {
    "from_s": "start begin beg onset offset tstart tmin xmin t0 starttime begintime startsec in from",
    "to_s": "end stop tend tmax xmax t1 endtime stoptime endsec out to",
    "duration": "duration dur length len",
}
MEANINGS: Final[dict[str, Meaning]] = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
"""The words that say what a time is."""
_ONLY_WITH_UNIT: Final = frozenset({"from", "to", "out"})
"""Words that alone may mean something else."""
_LENGTHS: Final = frozenset({"length", "len"})
_WORDS_OF_UNITS: Final[dict[Unit, str]] = {
    "seconds": "s sec secs second seconds time hms timecode",
    "milliseconds": "ms msec msecs milli millis millisecond milliseconds",
    "microseconds": "us usec usecs micros microsecond microseconds",
    "samples": "frame frames sample samples",
}
_UNITS: Final[dict[str, Unit]] = {word: unit for unit, words in _WORDS_OF_UNITS.items() for word in words.split()}
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
