"""What deserves attention in a run: unfinished rows by reason, quality flags, and rows that differ from the others."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.html_report.remedies import FLAG_MEANINGS, remedy_of
from voicemill.model import Op, Status
from voicemill.store.tables.item_columns import number_column, text_columns

Numbers = NDArray[np.float64]

_TEXTS: Final = ("id", "status", "op", "voice", "error_class", "error_code", "error_message", "suspect")
_FEWEST_ROWS: Final = 12
"""Groups with fewer rows have no usual value to differ from."""
_FEWEST_CHARACTERS: Final = 20
"""The pace of shorter texts varies too much to compare."""
_MOST_ROWS_LISTED: Final = 2_000
_MOST_MESSAGES: Final = 3
_UNUSUAL: Final = {
    "slow": ("Unusually slow", "The response took at least three times as long as usual for this operation."),
    "costly": ("Unusually costly", "The row cost at least three times as much as usual for this operation."),
    "long": ("Unusually long audio", "The audio is much longer than usual for its text: listen for repeated speech or "
             "long pauses."),
    "short": ("Unusually short audio", "The audio is much shorter than usual for its text: listen for missing words."),
}  # fmt: skip
_AGAIN: Final = "Listen to these rows. To generate a row again, change its text or voice in the manifest and rerun."


@dataclass(slots=True)
class Finding:
    """A group of rows that deserve attention for one reason.

    `severity` is `error`, `warning` or `notice`. `rows` are positions in the table, at most 2,000 of `count`.
    `command` is empty if no command helps.
    """

    key: str
    severity: str
    title: str
    why: str
    remedy: str
    command: str
    count: int
    rows: list[int]
    messages: list[str] = field(default_factory=list)


def find(items: Path, results: str) -> list[Finding]:
    """All findings of a table, the most urgent first. `results` is the folder as commands name it."""
    texts = text_columns(items, _TEXTS)
    unfinished = list(_unfinished(texts, shlex.quote(results), shlex.quote(f"{results}/failures.csv")))
    return [*unfinished, *_flagged(texts["suspect"]), *_unusual(items, texts)]


def _unfinished(texts: dict[str, list[str | None]], results: str, failures: str) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    reasons = zip(texts["status"], texts["error_class"], texts["error_code"], strict=True)
    for place, (status, error_class, code) in enumerate(reasons):
        if status != Status.DONE:
            groups[str(status), error_class or "", code or ""].append(place)
    order = list(Status)
    urgent_first = sorted(groups.items(), key=lambda group: (order.index(Status(group[0][0])), -len(group[1])))
    for (status, error_class, code), rows in urgent_first:
        advice = remedy_of(Status(status), error_class, code, results, failures)
        messages = dict.fromkeys(texts["error_message"][row] or "" for row in rows[:500])
        yield Finding(
            key=":".join(part for part in (status, error_class, code) if part),
            severity="warning" if status == Status.NOT_STARTED else "error",
            title=advice.title,
            why=advice.why,
            remedy=advice.remedy,
            command=advice.command,
            count=len(rows),
            rows=rows[:_MOST_ROWS_LISTED],
            messages=[message for message in messages if message][:_MOST_MESSAGES],
        )


def _flagged(flags_of_rows: Sequence[Sequence[str] | None]) -> Iterator[Finding]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, flags in enumerate(flags_of_rows):
        for flag in flags or ():
            groups[flag].append(place)
    for flag, rows in sorted(groups.items(), key=lambda group: -len(group[1])):
        title, why = FLAG_MEANINGS.get(flag, (f"Flag: {flag.replace('_', ' ')}", "A check set this flag."))
        yield _notice(f"flag:{flag}", "warning", title, why, "Compare the recording with the text.", rows)


def _unusual(items: Path, texts: dict[str, list[str | None]]) -> Iterator[Finding]:
    is_done = np.array([status == Status.DONE for status in texts["status"]], bool)
    ops = np.array([op or "" for op in texts["op"]])
    names = ("latency_s", "calls", "credits", "duration_s", "characters")
    numbers = {name: number_column(items, name) for name in names}
    per_call_s = numbers["latency_s"] / np.maximum(1, np.nan_to_num(numbers["calls"], nan=1))
    found = {
        "slow": _far_above(per_call_s, ops, is_done),
        "costly": _far_above(numbers["credits"], ops, is_done),
    }
    voices = np.array([voice or "" for voice in texts["voice"]])
    spoken = is_done & np.isin(ops, [Op.TTS.value]) & (numbers["characters"] >= _FEWEST_CHARACTERS)
    found["long"], found["short"] = _unusual_pace(numbers["duration_s"], numbers["characters"], voices, spoken)
    for name, rows in found.items():
        if len(rows):
            title, why = _UNUSUAL[name]
            yield _notice(name, "notice", title, why, _AGAIN if name in ("long", "short") else "", rows.tolist())


def _notice(key: str, severity: str, title: str, why: str, remedy: str, rows: list[int]) -> Finding:
    return Finding(key, severity, title, why, remedy, "", len(rows), rows[:_MOST_ROWS_LISTED])


def _far_above(values: Numbers, groups: NDArray[np.str_], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of values over three times the median of their group and far outside its middle half."""
    found = np.zeros(len(values), bool)
    for group in np.unique(groups[among]):
        members = among & (groups == group) & (values > 0)
        if members.sum() >= _FEWEST_ROWS:
            low, middle, high = np.quantile(values[members], (0.25, 0.5, 0.75))
            found |= members & (values >= 3 * middle) & (values > high + 3 * (high - low))
    return np.flatnonzero(found)


def _unusual_pace(
    durations_s: Numbers, characters: Numbers, voices: NDArray[np.str_], among: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of rows whose seconds per character are far above and far below the median of their voice."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = np.log(durations_s / characters)
    away = np.zeros(len(pace))
    for voice in np.unique(voices[among]):
        members = among & (voices == voice) & np.isfinite(pace)
        if members.sum() >= _FEWEST_ROWS:
            middle = np.median(pace[members])
            spread = max(np.log(1.6), 4 * float(np.median(np.abs(pace[members] - middle))))
            away[members] = (pace[members] - middle) / spread
    return np.flatnonzero(away > 1), np.flatnonzero(away < -1)
