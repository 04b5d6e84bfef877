"""What deserves attention in a run: unfinished rows by reason, quality flags, and rows that differ from the others."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.html_report.remedies import (
    FLAG_MEANINGS,
    INCONCLUSIVE,
    MOST_COMMANDS,
    PASSAGE_FLAGS,
    regenerate_commands,
    remedy_of,
)
from voicemill.html_report.scanned_rows import MOST_LISTED, Places, ScannedRows
from voicemill.model import Op, Status
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.passage_rows import bad_passages
from voicemill.store.tables.row_ranges import RowRanges
from voicemill.store.tables.table_columns import number_column

Numbers = NDArray[np.floating[Any]]

_FEWEST_ROWS: Final = 12
"""Groups with fewer rows have no usual value to differ from."""
_FEWEST_CHARACTERS: Final = 20
"""The pace of shorter texts varies too much to compare."""
_MOST_MESSAGES: Final = 3
_UNUSUAL: Final = {
    "slow": ("Unusually slow", "The response took at least three times as long as usual for this operation."),
    "costly": ("Unusually costly", "The row cost at least three times as much for its length as usual."),
    "long": ("Unusually long audio", "The audio is much longer than usual for its text: listen for repeated speech or "
             "long pauses."),
    "short": ("Unusually short audio", "The audio is much shorter than usual for its text: listen for missing words."),
}  # fmt: skip
_REGENERATED: Final = ("long", "short")
_LISTEN_TO_ROWS: Final = "Listen to these rows, and generate those that are wrong again. Each command makes a call."
_LISTEN_TO_PASSAGES: Final = (
    "Listen to these passages, and generate those that are wrong again. Each command makes a call."
)
_COMPARE: Final = "Compare the recording with the text."
_UNUSUAL_REMEDIES: Final = {
    "slow": "The service may have been busy. Nothing needs to be done.",
    "costly": "Check the attempts and takes of these rows. A budget limits the cost of a run.",
    "long": _LISTEN_TO_ROWS,
    "short": _LISTEN_TO_ROWS,
}


@dataclass(slots=True)
class Finding:
    """A group of rows that deserve attention for one reason.

    `severity` is `error`, `warning` or `notice`. `rows` are positions in the table, at most 2,000 of `count`.
    `commands` are lines for a shell; empty if no command helps.
    """

    key: str
    severity: str
    title: str
    why: str
    remedy: str
    commands: list[str]
    count: int
    rows: list[int]
    messages: list[str] = field(default_factory=list)


def find(results: ResultsFolder) -> list[Finding]:
    """All findings in the tables of a results folder, the most urgent first. Raises `TableDamaged`."""
    rows = ScannedRows(results.items)
    folder = str(results.path.absolute())
    unfinished = _unfinished(rows, shlex.quote(folder), shlex.quote(f"{folder}/failures.csv"))
    flagged = _flagged(rows.flagged, folder, _passages_by_reason(results.passages))
    return [*unfinished, *flagged, *_inconclusive(rows.inconclusive), *_unusual(results.items, rows, folder)]


def _unfinished(rows: ScannedRows, results: str, failures: str) -> Iterator[Finding]:
    order = list(Status)
    urgent_first = sorted(
        rows.unfinished.items(), key=lambda group: (order.index(Status(group[0][0])), -group[1].places.count)
    )
    for (status, error_class, code), group in urgent_first:
        advice = remedy_of(Status(status), error_class, code, results, failures)
        yield Finding(
            key=":".join(part for part in (status, error_class, code) if part),
            severity="warning" if status == Status.NOT_STARTED else "error",
            title=advice.title,
            why=advice.why,
            remedy=advice.remedy,
            commands=[advice.command],
            count=group.places.count,
            rows=group.places.first,
            messages=list(group.messages)[:_MOST_MESSAGES],
        )


def _flagged(flagged: Mapping[str, Places], folder: str, passages: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    for flag, places in sorted(flagged.items(), key=lambda group: -group[1].count):
        title, why = FLAG_MEANINGS.get(flag, (f"Flag: {flag.replace('_', ' ')}", "A check set this flag."))
        remedy = _LISTEN_TO_PASSAGES if flag in PASSAGE_FLAGS else _COMPARE
        commands = regenerate_commands(folder, passages.get(flag, ()))
        yield _notice(f"flag:{flag}", "warning", title, why, remedy, places, commands)


def _passages_by_reason(passages: Path) -> dict[str, list[str]]:
    """The first bad passages with each reason, as `ROW/NUMBER`."""
    found: dict[str, list[str]] = defaultdict(list)
    for row_id, number, reasons in bad_passages(passages) if passages.is_file() else ():
        for reason in dict.fromkeys(reasons):
            if len(found[reason]) < MOST_COMMANDS:
                found[reason].append(f"{row_id}/{number}")
    return found


def _inconclusive(places: Places) -> Iterator[Finding]:
    if places.count:
        yield _notice("check:inconclusive", "notice", *INCONCLUSIVE, places)


def _unusual(items: Path, rows: ScannedRows, folder: str) -> Iterator[Finding]:
    ops = rows.ops.numbers()
    found = {"slow": _slow(items, ops, rows.is_done), "costly": _costly(items, ops, rows.is_done)}
    spoken = rows.is_done & (ops == rows.ops.number_of(Op.TTS))
    found["long"], found["short"] = _unusually_long_and_short(items, rows.voices.numbers(), spoken)
    for name, places in found.items():
        if len(places):
            title, why = _UNUSUAL[name]
            commands = _commands_for(items, places, folder) if name in _REGENERATED else ()
            listed = Places(len(places), places[:MOST_LISTED].tolist())
            yield _notice(name, "notice", title, why, _UNUSUAL_REMEDIES[name], listed, commands)


def _commands_for(items: Path, places: NDArray[np.int64], folder: str) -> list[str]:
    """Commands that generate the rows at some positions again, if they have a single passage."""
    again = places[_numbers(items, "calls")[places] == 1][:MOST_COMMANDS]
    ids = [row_id for _, row_id in RowRanges(items).values_at("id", again.tolist())]
    return regenerate_commands(folder, [f"{row_id}/1" for row_id in ids])


def _slow(items: Path, ops: NDArray[np.int32], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    calls = np.maximum(1, np.nan_to_num(_numbers(items, "calls"), nan=1))
    return _far_above(_numbers(items, "latency_s") / calls, ops, among)


def _costly(items: Path, ops: NDArray[np.int32], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows by their cost for their characters, or else for their seconds."""
    characters = _numbers(items, "characters")
    sizes = np.where(characters > 0, characters, _numbers(items, "duration_s"))
    return _far_above(_numbers(items, "credits") / np.where(sizes > 0, sizes, np.nan), ops, among)


def _unusually_long_and_short(
    items: Path, voices: NDArray[np.int32], spoken: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    characters = _numbers(items, "characters")
    among = spoken & (characters >= _FEWEST_CHARACTERS)
    return _unusual_pace(_numbers(items, "duration_s"), characters, voices, among)


def _numbers(items: Path, name: str) -> Numbers:
    """A column in half the memory; seven digits are enough to compare rows."""
    return number_column(items, name).astype(np.float32)


def _notice(
    key: str, severity: str, title: str, why: str, remedy: str, places: Places, commands: Sequence[str] = ()
) -> Finding:
    return Finding(key, severity, title, why, remedy, list(commands), places.count, places.first)


def _far_above(values: Numbers, groups: NDArray[np.int32], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of values over three times the median of their group and far outside its middle half."""
    found = np.zeros(len(values), bool)
    for group in np.unique(groups[among]):
        members = among & (groups == group) & (values > 0)
        if members.sum() >= _FEWEST_ROWS:
            low, middle, high = np.quantile(values[members], (0.25, 0.5, 0.75))
            found |= members & (values >= 3 * middle) & (values > high + 3 * (high - low))
    return np.flatnonzero(found)


def _unusual_pace(
    durations_s: Numbers, characters: Numbers, voices: NDArray[np.int32], among: NDArray[np.bool_]
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
