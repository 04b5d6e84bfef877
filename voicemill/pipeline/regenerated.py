"""Passages that the user had generated again: kept in the results folder, and applied to the plan of each run."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from voicemill.errors import ConfigError
from voicemill.model import Call, Clip, Infill, Stt, Tts
from voicemill.planning.pronounce import shown
from voicemill.planning.row_calls import CallPiece, RowPlan
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerStore


@dataclass(frozen=True, slots=True)
class Neighbor:
    """The passage before or after one that is spoken by infill: the hash of its audio, and the part that is sent."""

    sha256: str
    from_s: float
    to_s: float

    def path(self, folder: Path) -> Path:
        """Its audio in the folder for such files."""
        return folder / f"{self.sha256}.wav"

    def clip(self, folder: Path) -> Clip:
        """The part that is sent."""
        return Clip(self.sha256, self.from_s, self.to_s, str(self.path(folder)), self.to_s - self.from_s)


Sides = tuple[Neighbor | None, Neighbor | None]
"""The passages before and after one; None at the ends of a row."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """A passage with another take, or with other words if `say` is not empty.

    With a neighbor, it is spoken by infill, so that it fits between the passages `left` and `right` of it.

    The passage is the one whose planned call has `key`, the `occurrence`th of its row from 0. So it keeps its take when
    text before it changes, and loses it when its own text changes.
    """

    id: str
    key: str
    occurrence: int
    take: int
    say: str = ""
    left: Neighbor | None = None
    right: Neighbor | None = None

    @property
    def is_infill(self) -> bool:
        """Whether the passage is spoken by infill."""
        return self.left is not None or self.right is not None

    @property
    def place(self) -> tuple[str, str, int]:
        """What identifies the passage."""
        return self.id, self.key, self.occurrence


class RegeneratedPassages:
    """The regenerated passages of a results folder: a JSON line each, of which the last one for a passage counts."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.neighbors = path.parent / "neighbours" if path is not None else Path()
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
        return piece if found is None else _other(piece, found, self.neighbors)

    def find(self, plan: RowPlan, number: int) -> Regenerated | None:
        """The entry of a passage, counted from 1, of a row as planned."""
        return self._found.get([*_places(plan)][number - 1])

    def add(self, plan: RowPlan, number: int, say: str, sides: Sides, answers: AnswerStore) -> Regenerated:
        """Record another take of a passage, the first one without a stored answer. Raises `StorageError`.

        `sides` are its neighbors for an infill.
        """
        piece = plan.pieces[number - 1]
        entry = Regenerated(*[*_places(plan)][number - 1], 0 if say or any(sides) else 1, say, *sides)
        while answers.has(_other(piece, entry, self.neighbors).call.key):
            entry = replace(entry, take=entry.take + 1)
        self._found[entry.place] = entry
        if self._path is not None:
            durable.append_lines(self._path, [json.dumps(asdict(entry), ensure_ascii=False)])
        return entry

    def _read(self, text: str) -> None:
        for line in text.splitlines():
            with suppress(ValueError, TypeError):
                fields = json.loads(line)
                sides = {side: Neighbor(**fields[side]) for side in ("left", "right") if fields.get(side)}
                entry = Regenerated(**fields | sides)
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


def _other(piece: CallPiece, entry: Regenerated, neighbors: Path) -> CallPiece:
    call: Call = piece.call
    if isinstance(call, Stt):
        return piece
    if entry.is_infill and isinstance(call, Tts):
        call = _infill(call, entry, neighbors)
    call = replace(call, take=entry.take)
    if not entry.say or not isinstance(call, Tts | Infill):
        return replace(piece, call=call)
    text = piece.text or shown(call.transcript, piece.replaced)
    return replace(piece, call=replace(call, transcript=entry.say), replaced=(), text=text)


def _infill(call: Tts, entry: Regenerated, neighbors: Path) -> Infill:
    return Infill(
        service=call.service,
        model=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        left=entry.left.clip(neighbors) if entry.left else None,
        right=entry.right.clip(neighbors) if entry.right else None,
        sample_rate_hz=call.sample_rate_hz,
        encoding=call.encoding,
        speed=call.speed,
        emotion=call.emotion,
    )
