"""Violations that an audit can find: their kinds, the check of stored answers, and how to prepare a repair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.store import durable_files as durable
from voicemill.store.answer_store import AnswerStore
from voicemill.store.durable_files import PARTIAL_SUFFIX
from voicemill.store.results_folder import ResultsFolder


class Kind(StrEnum):
    """The kind of a violation, which determines how to repair it."""

    UNFINISHED = "unfinished"
    """The last run did not finish. Rerun it."""
    TABLE = "table"
    """A table is missing, damaged or changed. A rerun rebuilds it without a call."""
    ROW = "row"
    """A row has no terminal status, occurs twice, or has another position than in the plan."""
    FILE = "file"
    """A finished row's file is missing or differs from the table. A rerun rebuilds it from the answers."""
    ANSWER = "answer"
    """An answer is damaged or has a wrong name. It is discarded, and requested again if a row needs it."""
    PARTIAL = "partial"
    """A partial file remains."""
    STRANGER = "stranger"
    """A file among the outputs that voicemill did not write. It is not touched."""
    MODE = "mode"
    """Other users may read or write the file."""


_NOTES = frozenset({Kind.STRANGER, Kind.MODE})


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One violation. `where` is a path relative to the results folder, or the path of a shared answer."""

    kind: Kind
    where: str
    why: str
    row_id: str = ""

    @property
    def is_note(self) -> bool:
        """Whether the violation is only reported: no delivered file is damaged."""
        return self.kind in _NOTES

    def __str__(self) -> str:
        row = f" (row {self.row_id})" if self.row_id else ""
        return f"{self.kind}: {self.where}{row}: {self.why}"


def answer_violations(folder: ResultsFolder, store: AnswerStore, *, is_shared: bool) -> Iterator[Violation]:
    """Violations in the answer store. In a shared store, partial files may belong to another run and are skipped."""
    for path in store.files():
        where = str(path if is_shared else path.relative_to(folder.path))
        if path.name.endswith(PARTIAL_SUFFIX):
            if not is_shared:
                yield Violation(Kind.PARTIAL, where, "a partial answer remains; rerun the same command")
        elif not store.is_answer(path):
            yield Violation(Kind.STRANGER, where, "it is not an answer")
        elif not store.is_whole(path):
            yield Violation(Kind.ANSWER, where, "it is damaged, or the answer to another call")


FINISHED_ROWS = Selection(classes=("done",))
"""Finished rows whose files are missing; unfinished rows stay as they are."""


def set_damage_aside(folder: ResultsFolder, store: AnswerStore, found: Iterable[Violation]) -> Selection:
    """Move damaged files out of the way. Returns the rows that the repairing run must process.

    Files and tables move to `.voicemill/damaged`, in case they were changed on purpose. A damaged answer is discarded,
    and requested again only if a damaged file needs it. Raises `StorageError`.
    """
    for violation in found:
        if violation.kind is Kind.ANSWER:
            store.discard(Path(violation.where).stem)
        elif violation.kind in (Kind.FILE, Kind.TABLE, Kind.PARTIAL):
            durable.set_aside(folder.path / violation.where, folder.damaged)
    return FINISHED_ROWS if folder.items.is_file() and not folder.was_interrupted else EVERY_ROW
