"""Making way for a repair: what is damaged is set aside, so that the next run makes just that again."""

from collections.abc import Iterable
from pathlib import Path

from voicemill.store import durable
from voicemill.store.answers import AnswerStore
from voicemill.store.results import ResultsFolder
from voicemill.work.audit.violation import Kind, Violation
from voicemill.work.selection import EVERY_ROW, Selection

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
    return ONLY_WHAT_WAS_DONE if folder.items.is_file() and not folder.is_cut_short else EVERY_ROW
