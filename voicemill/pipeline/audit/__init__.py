"""Whether a results folder keeps its promise: what it says is held against what is there, byte by byte."""

from collections.abc import Iterator
from pathlib import Path

from voicemill.pipeline.audit.file_checks import FileCheck
from voicemill.pipeline.audit.table_checks import checked_items, table_violations
from voicemill.pipeline.audit.violations import Kind, Violation, answer_violations
from voicemill.pipeline.prepare import last_facts
from voicemill.store.answer_store import AnswerStore
from voicemill.store.results_folder import ResultsFolder

__all__ = ["Kind", "Violation", "answer_store", "audit"]


def audit(results: Path) -> list[Violation]:
    """Everything in which the folder `results` breaks its promise; an empty list is a good folder.

    Every row is in one terminal state, in the order of the plan; every finished row's file has the SHA-256, size and
    duration that the table tells; tables are as they were published, answers whole and rightly named; nothing partial,
    nothing foreign, nothing that others may read. Writes nothing; raises `StorageError` where
    something cannot be read at all. To be called while no run works in the folder.
    """
    folder = ResultsFolder(results)
    return list(_violations(folder, answer_store(folder)))


def answer_store(folder: ResultsFolder) -> AnswerStore:
    """The answer store that the last run in `folder` used: its own, or one that several runs share."""
    facts = last_facts(folder)
    elsewhere = str(facts.settings.get("answers") or "") if facts else ""
    return AnswerStore(folder.answers(elsewhere))


def _violations(folder: ResultsFolder, store: AnswerStore) -> Iterator[Violation]:
    yield from table_violations(folder)
    files = FileCheck(folder)
    seen: list[Violation] = []
    for item in checked_items(folder, seen):
        yield from files.of_row(item)
    yield from seen
    yield from files.others()
    yield from answer_violations(folder, store, is_shared=not store.folder.is_relative_to(folder.path))
