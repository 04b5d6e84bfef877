"""One broken promise."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is wrong, and so what mends it."""

    UNFINISHED = "unfinished"
    """The last run did not come to its end: run again."""
    TABLE = "table"
    """A table is missing, damaged, or not as it was published: it is made again for nothing."""
    ROW = "row"
    """A row is in no terminal state, twice there, or at another place than in the plan."""
    FILE = "file"
    """A finished row's file is missing or not what the table says: it is made again from its answers."""
    ANSWER = "answer"
    """An answer is damaged or has another's name: it is discarded, and asked again where a row needs it."""
    PARTIAL = "partial"
    """A partial file was left behind."""
    STRANGER = "stranger"
    """A file among the outputs that voicemill did not write: it is left alone."""
    MODE = "mode"
    """Others than the owner may read or write it."""


_NOTES = frozenset({Kind.STRANGER, Kind.MODE})


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """Something that is not as promised: `where` is a path relative to the results folder (or that of an answer)."""

    kind: Kind
    where: str
    why: str
    row_id: str = ""

    @property
    def is_note(self) -> bool:
        """Whether nothing that was delivered is damaged: somebody else's doing, to be reported and left alone."""
        return self.kind in _NOTES

    def __str__(self) -> str:
        row = f" (row {self.row_id})" if self.row_id else ""
        return f"{self.kind}: {self.where}{row}: {self.why}"
