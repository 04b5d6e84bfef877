"""Audit a results folder: compare its tables with the files that exist, byte by byte."""

from collections.abc import Iterator
from pathlib import Path

from voicemill.pipeline.audit.file_checks import FileCheck
from voicemill.pipeline.audit.table_checks import checked_items, table_violations
from voicemill.pipeline.audit.violations import Kind, Violation, answer_violations
from voicemill.pipeline.prepare import last_facts
from voicemill.store.answer_store import AnswerStore
from voicemill.store.bucket_files import answers_of
from voicemill.store.results_folder import ResultsFolder

__all__ = ["Kind", "Violation", "answer_store", "audit"]


def audit(results: Path) -> list[Violation]:
    """All violations in the folder `results`; an intact folder has none.

    An intact folder has one terminal status per row, in the order of the plan; the files of every finished row have
    the recorded SHA-256, size and duration; tables are as published; answers are complete and correctly named; there
    are no partial or foreign files, and no file that other users may read. Writes nothing. No run may be active in
    the folder. Raises `StorageError` if something cannot be read at all.
    """
    folder = ResultsFolder(results)
    return list(_violations(folder, answer_store(folder)))


def answer_store(folder: ResultsFolder) -> AnswerStore:
    """The answer store that the last run in `folder` used: in the folder itself, or shared by several runs."""
    facts = last_facts(folder)
    elsewhere = str(facts.settings.get("answers") or "") if facts else ""
    return answers_of(folder, elsewhere)


def _violations(folder: ResultsFolder, store: AnswerStore) -> Iterator[Violation]:
    yield from table_violations(folder)
    files = FileCheck(folder)
    seen: list[Violation] = []
    for item in checked_items(folder, seen):
        yield from files.of_row(item)
    yield from seen
    yield from files.others()
    yield from answer_violations(folder, store, is_shared=not store.folder.is_relative_to(folder.path))
