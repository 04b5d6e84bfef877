"""What deserves attention in a run: unfinished rows by reason, quality flags, and rows that differ from the others."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.html_report.remedies import FLAG_MEANINGS, INCONCLUSIVE, PASSAGE_FLAGS, regenerate_commands, remedy_of
from voicemill.model import Op, State, Status
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.item_columns import number_column, text_columns
from voicemill.store.tables.passage_rows import bad_passages

Numbers = NDArray[np.float64]

_TEXTS: Final = ("id", "status", "op", "voice", "error_class", "error_code", "error_message", "suspect", "verdict")
_FEWEST_ROWS: Final = 12
"""Groups with fewer rows have no usual value to differ from."""
_FEWEST_CHARACTERS: Final = 20
"""The pace of shorter texts varies too much to compare."""
_MOST_ROWS_LISTED: Final = 2_000
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
    texts = text_columns(results.items, _TEXTS)
    folder = str(results.path.absolute())
    unfinished = _unfinished(texts, shlex.quote(folder), shlex.quote(f"{folder}/failures.csv"))
    flagged = _flagged(texts["suspect"], folder, _passages_by_reason(results.passages))
    return [*unfinished, *flagged, *_inconclusive(texts["verdict"]), *_unusual(results.items, texts, folder)]


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
            commands=[advice.command],
            count=len(rows),
            rows=rows[:_MOST_ROWS_LISTED],
            messages=[message for message in messages if message][:_MOST_MESSAGES],
        )


def _flagged(
    flags_of_rows: Sequence[Sequence[str] | None], folder: str, passages: Mapping[str, list[str]]
) -> Iterator[Finding]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, flags in enumerate(flags_of_rows):
        for flag in flags or ():
            groups[flag].append(place)
    for flag, rows in sorted(groups.items(), key=lambda group: -len(group[1])):
        title, why = FLAG_MEANINGS.get(flag, (f"Flag: {flag.replace('_', ' ')}", "A check set this flag."))
        remedy = _LISTEN_TO_PASSAGES if flag in PASSAGE_FLAGS else _COMPARE
        commands = regenerate_commands(folder, passages.get(flag, ()))
        yield _notice(f"flag:{flag}", "warning", title, why, remedy, rows, commands)


def _passages_by_reason(passages: Path) -> dict[str, list[str]]:
    """The bad passages with each reason, as `ROW/NUMBER`."""
    found: dict[str, list[str]] = defaultdict(list)
    for row_id, number, reasons in bad_passages(passages) if passages.is_file() else ():
        for reason in dict.fromkeys(reasons):
            found[reason].append(f"{row_id}/{number}")
    return found


def _inconclusive(verdicts: Sequence[str | None]) -> Iterator[Finding]:
    rows = [place for place, verdict in enumerate(verdicts) if verdict == State.INCONCLUSIVE]
    if rows:
        yield _notice("check:inconclusive", "notice", *INCONCLUSIVE, rows)


def _unusual(items: Path, texts: dict[str, list[str | None]], folder: str) -> Iterator[Finding]:
    is_done = np.array([status == Status.DONE for status in texts["status"]], bool)
    ops = np.array([op or "" for op in texts["op"]])
    names = ("latency_s", "calls", "credits", "duration_s", "characters")
    numbers = {name: number_column(items, name) for name in names}
    per_call_s = numbers["latency_s"] / np.maximum(1, np.nan_to_num(numbers["calls"], nan=1))
    found = {
        "slow": _far_above(per_call_s, ops, is_done),
        "costly": _far_above(numbers["credits"] / _size(numbers), ops, is_done),
    }
    voices = np.array([voice or "" for voice in texts["voice"]])
    spoken = is_done & np.isin(ops, [Op.TTS.value]) & (numbers["characters"] >= _FEWEST_CHARACTERS)
    found["long"], found["short"] = _unusual_pace(numbers["duration_s"], numbers["characters"], voices, spoken)
    for name, rows in found.items():
        if len(rows):
            title, why = _UNUSUAL[name]
            again = [f"{texts['id'][row]}/1" for row in rows if name in _REGENERATED and numbers["calls"][row] == 1]
            commands = regenerate_commands(folder, again)
            yield _notice(name, "notice", title, why, _UNUSUAL_REMEDIES[name], rows.tolist(), commands)


def _size(numbers: Mapping[str, Numbers]) -> Numbers:
    """What the cost of a row depends on: its characters, or else its seconds."""
    sizes = np.where(numbers["characters"] > 0, numbers["characters"], numbers["duration_s"])
    return np.where(sizes > 0, sizes, np.nan)


def _notice(
    key: str, severity: str, title: str, why: str, remedy: str, rows: list[int], commands: Sequence[str] = ()
) -> Finding:
    return Finding(key, severity, title, why, remedy, list(commands), len(rows), rows[:_MOST_ROWS_LISTED])


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
