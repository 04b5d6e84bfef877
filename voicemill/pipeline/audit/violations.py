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


def answer_violations(folder: ResultsFolder, store: AnswerStore, *, is_shared: bool) -> Iterator[Violation]:
    """What is wrong in the answer store; in a shared one, partial files may be another run's and are passed over."""
    for path in store.files():
        where = str(path if is_shared else path.relative_to(folder.path))
        if path.name.endswith(PARTIAL_SUFFIX):
            if not is_shared:
                yield Violation(Kind.PARTIAL, where, "a partial answer was left behind; run the same command again")
        elif not store.is_answer(path):
            yield Violation(Kind.STRANGER, where, "it is no answer")
        elif not store.is_whole(path):
            yield Violation(Kind.ANSWER, where, "it is damaged, or is the answer to another question")


ONLY_WHAT_WAS_DONE = Selection(classes=("done",))
"""Rows whose files are gone are made again; unfinished ones are left as they are."""


def make_way(folder: ResultsFolder, store: AnswerStore, found: Iterable[Violation]) -> Selection:
    """Set aside what `found` tells of as damaged; the rows that a run is then to try.

    Files and tables go to `.voicemill/damaged`, for somebody may have changed them on purpose; a damaged answer is
    discarded, and asked again only where a damaged file needs it. Raises `StorageError`.
    """
    for violation in found:
        if violation.kind is Kind.ANSWER:
            store.discard(Path(violation.where).stem)
        elif violation.kind in (Kind.FILE, Kind.TABLE, Kind.PARTIAL):
            durable.set_aside(folder.path / violation.where, folder.damaged)
    return ONLY_WHAT_WAS_DONE if folder.items.is_file() and not folder.was_interrupted else EVERY_ROW
