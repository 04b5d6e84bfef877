"""From answers to a file. Free and repeatable: everything comes from the answer store."""

from collections.abc import Iterator
from dataclasses import dataclass

from voicemill.audio.encode import Encoder
from voicemill.audio.join import Samples, join, read_samples
from voicemill.audio.probe import probe_wav
from voicemill.model import Receipt
from voicemill.plan.calls import RowPlan, wire_encoding
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import Delivered, OutputFolder, OutputRefused


@dataclass(frozen=True, slots=True)
class Assembled:
    """A row's file in its place, and the receipts of the answers it was made from."""

    delivered: Delivered
    duration_s: float
    receipts: tuple[Receipt, ...]


def assemble(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of `plan.row` from its answers, holding one answer in memory at a time.

    Raises `AnswerDamaged`, `StorageError` and `OutputRefused`.
    """
    wanted = plan.row.format
    is_as_answered = wanted.container == "wav" and wanted.encoding == wire_encoding(wanted.encoding)
    if len(plan.pieces) == 1 and is_as_answered:
        receipt, body = answers.read(plan.pieces[0].call.key)
        if probe_wav(body).sized:  # Players refuse a file whose header still has a stream's placeholder for its size.
            return Assembled(outputs.deliver_bytes(plan.row.file_name, body), receipt.duration_s, (receipt,))
    receipts: list[Receipt] = []
    frames = 0
    with outputs.new(plan.row.file_name) as (file, partial):
        try:
            with Encoder(file, wanted, wanted.sample_rate_hz) as encoder:
                for block in join(_pieces(plan, answers, receipts), wanted.sample_rate_hz):
                    encoder.write(block)
                    frames += len(block)
        except ValueError as error:
            raise OutputRefused(str(error), "output_too_long") from None
        file.flush()
        delivered = outputs.deliver(partial, plan.row.file_name)
    return Assembled(delivered, frames / wanted.sample_rate_hz, tuple(receipts))


def _pieces(plan: RowPlan, answers: AnswerStore, receipts: list[Receipt]) -> Iterator[tuple[Samples, float]]:
    for piece in plan.pieces:
        receipt, body = answers.read(piece.call.key)
        receipts.append(receipt)
        yield read_samples(body)[0], piece.pause_s
