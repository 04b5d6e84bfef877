"""Passages that the user had generated again: kept in the results folder, and applied to the plan of each run."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from voicemill.errors import ConfigError
from voicemill.model import Call, Infill, Stt, Tts
from voicemill.planning.pronounce import shown
from voicemill.planning.row_calls import CallPiece, RowPlan
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerStore


@dataclass(frozen=True, slots=True)
class Regenerated:
    """A passage with another take, or with other words if `say` is not empty.

    The passage is the one whose planned call has `key`, the `occurrence`th of its row from 0. So it keeps its take when
    text before it changes, and loses it when its own text changes.
    """

    id: str
    key: str
    occurrence: int
    take: int
    say: str = ""

    @property
    def place(self) -> tuple[str, str, int]:
        """What identifies the passage."""
        return self.id, self.key, self.occurrence


class RegeneratedPassages:
    """The regenerated passages of a results folder: a JSON line each, of which the last one for a passage counts."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._found: dict[tuple[str, str, int], Regenerated] = {}
        if path is not None:
            with suppress(OSError):
                self._read(path.read_text(encoding="utf-8", errors="replace"))

    def apply(self, plan: RowPlan) -> RowPlan:
        """The plan of a row with its regenerated passages."""
        if not self._found:
            return plan
        places = [*_places(plan)]
        pieces = tuple(self._piece(piece, place) for piece, place in zip(plan.pieces, places, strict=True))
        if pieces == plan.pieces:
            return plan
        keys = [plan.fingerprint, *(piece.call.key for piece in pieces)]
        fingerprint = hashlib.sha256(json.dumps(keys).encode()).hexdigest()
        return replace(plan, pieces=pieces, fingerprint=fingerprint)

    def _piece(self, piece: CallPiece, place: tuple[str, str, int]) -> CallPiece:
        found = self._found.get(place)
        return piece if found is None else _other(piece, found.take, found.say)

    def find(self, plan: RowPlan, number: int) -> Regenerated | None:
        """The entry of a passage, counted from 1, of a row as planned."""
        return self._found.get([*_places(plan)][number - 1])

    def add(self, plan: RowPlan, number: int, say: str, answers: AnswerStore) -> Regenerated:
        """Record another take of a passage, the first one without a stored answer. Raises `StorageError`."""
        piece = plan.pieces[number - 1]
        take = 0 if say else 1
        while answers.has(_other(piece, take, say).call.key):
            take += 1
        entry = Regenerated(*[*_places(plan)][number - 1], take, say)
        self._found[entry.place] = entry
        if self._path is not None:
            durable.append_lines(self._path, [json.dumps(asdict(entry), ensure_ascii=False)])
        return entry

    def _read(self, text: str) -> None:
        for line in text.splitlines():
            with suppress(ValueError, TypeError):
                entry = Regenerated(**json.loads(line))
                self._found[entry.place] = entry


def check_passage(plan: RowPlan, number: int) -> None:
    """Raise `ConfigError` if a row has no such passage, or one that cannot be generated again."""
    count = len(plan.pieces)
    if not 1 <= number <= count:
        raise ConfigError(f"row {plan.row.id!r} has {count} passages; give a number from 1 to {count}")
    if not isinstance(plan.pieces[number - 1].call, Tts | Infill):
        raise ConfigError(f"row {plan.row.id!r} is {plan.row.op}; only passages of tts and infill are generated again")


def _places(plan: RowPlan) -> Iterator[tuple[str, str, int]]:
    seen: Counter[str] = Counter()
    for piece in plan.pieces:
        yield plan.row.id, piece.call.key, seen[piece.call.key]
        seen[piece.call.key] += 1


def _other(piece: CallPiece, take: int, say: str) -> CallPiece:
    call: Call = piece.call
    if isinstance(call, Stt):
        return piece
    if not say or not isinstance(call, Tts | Infill):
        return replace(piece, call=replace(call, take=take))
    text = piece.text or shown(call.transcript, piece.replaced)
    return replace(piece, call=replace(call, transcript=say, take=take), replaced=(), text=text)
