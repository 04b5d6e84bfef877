"""A recording in another voice: the changed pieces one after the other, each as long as what it was made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import decode, decode_stretch
from voicemill.audio.formats import KeptFormat
from voicemill.audio.join import as_float, read_samples
from voicemill.audio.trim import fitted
from voicemill.audio.video import with_new_sound
from voicemill.model import Receipt
from voicemill.pipeline.assemble.row_files import Assembled, deliver_audio, deliver_written, still_there
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder

Floats = NDArray[np.float32]


def assemble_change(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of a voice change row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    change = _Change(plan, answers)
    kept = plan.row.kept_format
    if kept is None:
        delivered, duration_s = deliver_audio(change.blocks(), plan.row, outputs)
    else:
        delivered, duration_s = deliver_written(partial(change.write_film, kept), plan.row, outputs)
    return Assembled(delivered, duration_s, change.receipts)


@dataclass
class _Change:
    """Says the recording again, piece by piece."""

    plan: RowPlan
    answers: AnswerStore
    receipts: tuple[Receipt, ...] = ()
    frames: int = 0

    def __post_init__(self) -> None:
        if self.plan.row.audio is None:
            raise ValueError(f"row {self.plan.row.id!r} has no recording")
        self._source = still_there(self.plan.row.audio)
        self._rate_hz = self.plan.row.audio_format.sample_rate_hz

    def write_film(self, kept: KeptFormat, file: BinaryIO) -> float:
        """The recording's picture with this sound; its length in seconds."""
        with_new_sound(self._source, self.blocks(), self._rate_hz, kept, file)
        return self.frames / self._rate_hz

    def blocks(self) -> Iterator[Floats]:
        """Mono blocks in -1..1, as many samples in all as the recording has at this rate."""
        end = _frames_of(self._source, self._rate_hz)
        stretches = [(self._place(start_s), self._place(stop_s)) for start_s, stop_s in self.plan.row.stretches_s]
        for piece, (start, stop) in zip(self.plan.pieces, stretches or [(0, end)], strict=True):
            yield from self._counted(self._unchanged(start))
            receipt, body = self.answers.read(piece.call.key)
            self.receipts += (receipt,)
            fit = fitted(as_float(read_samples(body)[0]), min(stop, end) - start, self._rate_hz)
            yield from self._counted(iter([fit]))
        yield from self._counted(self._unchanged(end))

    def _unchanged(self, until: int) -> Iterator[Floats]:
        """What nobody speaks in, as it was."""
        if until <= self.frames:
            return
        start_s, missing = self.frames / self._rate_hz, until - self.frames
        for block in decode_stretch(self._source, self._rate_hz, start_s, until / self._rate_hz):
            yield block[:missing]
            missing -= min(missing, block.size)
        yield np.zeros(missing, np.float32)

    def _counted(self, blocks: Iterator[Floats]) -> Iterator[Floats]:
        for block in blocks:
            self.frames += block.size
            yield block

    def _place(self, moment_s: float) -> int:
        return round(moment_s * self._rate_hz)


def _frames_of(path: Path, rate_hz: int) -> int:
    return sum(block.size for block in decode(path, rate_hz))
