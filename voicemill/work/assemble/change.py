"""A recording in another voice: the changed pieces one after the other, as long as the recording was."""

from collections.abc import Iterator

from voicemill.audio.join import Samples, read_samples
from voicemill.model import Receipt
from voicemill.plan.calls import RowPlan
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import OutputFolder
from voicemill.work.assemble.assembled import Assembled
from voicemill.work.assemble.written import deliver_audio


def assemble_change(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of a voice change row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipts: list[Receipt] = []
    delivered, duration_s = deliver_audio(_changed(plan, answers, receipts), plan.row, outputs)
    return Assembled(delivered, duration_s, tuple(receipts))


def _changed(plan: RowPlan, answers: AnswerStore, receipts: list[Receipt]) -> Iterator[Samples]:
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        receipts.append(receipt)
        yield read_samples(body)[0]
