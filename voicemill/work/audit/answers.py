"""Paid answers: each whole, and each under the name of its question."""

from collections.abc import Iterator

from voicemill.store.answers import AnswerStore
from voicemill.store.durable import PARTIAL_SUFFIX
from voicemill.store.results import ResultsFolder
from voicemill.work.audit.violation import Kind, Violation


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
