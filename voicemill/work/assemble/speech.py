"""Speech: the pieces of a text joined into one file, with pauses where the text has them."""

from collections.abc import Iterator

from voicemill.audio.join import Samples, join, read_samples
from voicemill.audio.probe import probe_wav
from voicemill.model import Receipt
from voicemill.plan.calls import RowPlan, wire_encoding
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import OutputFolder
from voicemill.work.assemble.assembled import Assembled
from voicemill.work.assemble.written import deliver_audio


def assemble_speech(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of `plan.row` from its answers, holding one answer in memory at a time.

    Raises `AnswerDamaged`, `StorageError` and `OutputRefused`.
    """
    wanted = plan.row.audio_format
    is_as_answered = wanted.container == "wav" and wanted.encoding == wire_encoding(wanted.encoding)
    if len(plan.pieces) == 1 and is_as_answered:
        receipt, body = answers.read(plan.pieces[0].call.key)
        if probe_wav(body).sized:  # Players refuse a file whose header still has a stream's placeholder for its size.
            return Assembled(outputs.deliver_bytes(plan.row.file_name, body), receipt.duration_s, (receipt,))
    receipts: list[Receipt] = []
    blocks = join(_pieces(plan, answers, receipts), wanted.sample_rate_hz)
    delivered, duration_s = deliver_audio(blocks, plan.row, outputs)
    return Assembled(delivered, duration_s, tuple(receipts))


def _pieces(plan: RowPlan, answers: AnswerStore, receipts: list[Receipt]) -> Iterator[tuple[Samples, float]]:
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        receipts.append(receipt)
        yield read_samples(body)[0], piece.pause_s
