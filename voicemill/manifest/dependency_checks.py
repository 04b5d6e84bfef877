"""Check rows that use the output of other rows: those must exist, produce the right output, and form no cycle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from voicemill.errors import Problem
from voicemill.manifest.recording_cells import OUTPUT_MARK
from voicemill.model import AUDIO_OPS, Op, Row, levels


class _Reference(NamedTuple):
    """A row's cell that names another row."""

    number: int
    row_id: str
    column: str
    target: str


@dataclass
class DependencyCheck:
    """The dependent rows of one manifest, collected in a first pass; a second pass finds the rows that they use."""

    _references: list[_Reference] = field(default_factory=list)
    _ids: dict[str, Op | None] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add a valid row."""
        source, text_from = row.source, row.speech.text_from
        inputs = {"audio": source.audio, "left_audio": source.left, "right_audio": source.right, "text_file": text_from}
        for column, recording in inputs.items():
            if recording is not None and recording.made_by:
                self._references.append(_Reference(row.number, row.id, column, recording.made_by))

    @property
    def targets(self) -> frozenset[str]:
        """The ids of the rows whose output other rows use."""
        return frozenset(reference.target for reference in self._references)

    def add_target(self, row_id: str, op: Op | None) -> None:
        """In the second pass, add a row that others use; `op` is None if the row itself has problems."""
        self._ids.setdefault(row_id, op)

    def problems(self) -> Iterator[Problem]:
        """References to rows that do not exist, make the wrong kind of file, or depend on the row itself."""
        takes: dict[str, set[str]] = {}
        for reference in self._references:
            takes.setdefault(reference.row_id, set()).add(reference.target)
        ordered = levels(takes)
        for reference in self._references:
            if why := self._problem(reference) or ("" if reference.row_id in ordered else self._cycle(reference)):
                yield Problem(reference.number, reference.column, why)

    def _problem(self, reference: _Reference) -> str:
        name = f"{OUTPUT_MARK}{reference.target}"[:80]
        if reference.target == reference.row_id:
            return f"{name!r} is this row itself; name another row, or write ./{name} for a file with that name"
        if reference.target not in self._ids:
            return f"no row has the id {reference.target[:80]!r}; correct it, or write ./{name} for a file of that name"
        op = self._ids[reference.target]
        if op is None:
            return ""
        makes_audio = op in AUDIO_OPS
        if reference.column == "text_file":
            return "" if not makes_audio else f"{name!r} is a row of {op}, which makes no text; name a row of stt"
        return "" if makes_audio else f"{name!r} is a row of {op}, which makes no audio; name one that does"

    def _cycle(self, reference: _Reference) -> str:
        return f"rows depend on each other in a cycle through {OUTPUT_MARK + reference.target!r}; break it at one row"
