"""Rows that take the output of other rows: whether those are there, give what is needed, and come to an end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from voicemill.errors import Problem
from voicemill.manifest.recording_cells import OUTPUT_MARK
from voicemill.model import AUDIO_OPS, Op, Row, levels


class _Taken(NamedTuple):
    """A row's cell that names another row."""

    number: int
    row_id: str
    column: str
    target: str


@dataclass
class Chains:
    """The chained rows of one manifest, as they are met in a first pass; their targets are found in a second one."""

    _taken: list[_Taken] = field(default_factory=list)
    _ids: dict[str, Op | None] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take in a good row."""
        inputs = {"audio": row.audio, "left_audio": row.left, "right_audio": row.right, "text_file": row.text}
        for column, recording in inputs.items():
            if recording is not None and recording.made_by:
                self._taken.append(_Taken(row.number, row.id, column, recording.made_by))

    @property
    def targets(self) -> frozenset[str]:
        """The ids of the rows whose output another row takes."""
        return frozenset(taken.target for taken in self._taken)

    def see(self, row_id: str, op: Op | None) -> None:
        """In the second pass, note a row that may be a target; one that is at fault has no known operation."""
        self._ids.setdefault(row_id, op)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the chains."""
        takes: dict[str, set[str]] = {}
        for taken in self._taken:
            takes.setdefault(taken.row_id, set()).add(taken.target)
        ordered = levels(takes)
        for taken in self._taken:
            if why := self._fault(taken) or ("" if taken.row_id in ordered else self._ring(taken)):
                yield Problem(taken.number, taken.column, why)

    def _fault(self, taken: _Taken) -> str:
        name = f"{OUTPUT_MARK}{taken.target}"[:80]
        if taken.target == taken.row_id:
            return f"{name!r} is this row itself; name another row, or write ./{name} for a file of that name"
        if taken.target not in self._ids:
            return f"no row has the id {taken.target[:80]!r}; correct it, or write ./{name} for a file of that name"
        op = self._ids[taken.target]
        if op is None:
            return ""
        if taken.column == "text_file":
            return "" if op is Op.STT else f"{name!r} is a row of {op}, which gives no text; name one of stt"
        return "" if op in AUDIO_OPS else f"{name!r} is a row of {op}, which gives no audio; name one that does"

    def _ring(self, taken: _Taken) -> str:
        return f"the rows wait for each other in a ring through {OUTPUT_MARK + taken.target!r}; break it at one place"
