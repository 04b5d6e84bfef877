"""Assemble a converted recording, or a converted passage of one: each clip is as long as its original."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import decode, decode_segment
from voicemill.audio.join import as_float, read_samples
from voicemill.audio.trim import fitted
from voicemill.audio.video import with_new_sound
from voicemill.model import Receipt, Recording, VoiceChange
from voicemill.model.audio_formats import SourceFormat
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.assemble.row_files import deliver_audio, deliver_written, existing_path
from voicemill.planning.row_calls import CallPiece, RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder

Floats = NDArray[np.float32]


def assemble_change(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Write the file of a voice change row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    change = _Change(plan, answers)
    kept = plan.row.output.source_format
    if kept is None:
        delivered, duration_s = deliver_audio(change.blocks(), plan.row, outputs)
    else:
        delivered, duration_s = deliver_written(partial(change.write_video, kept), plan.row, outputs)
    return Assembled(delivered, duration_s, change.receipts)


@dataclass
class _Change:
    """Produces the converted recording or passage. `frames` is the position in the recording, in samples."""

    plan: RowPlan
    answers: AnswerStore
    receipts: tuple[Receipt, ...] = ()
    frames: int = 0

    def __post_init__(self) -> None:
        row = self.plan.row
        if row.source.audio is None:
            raise ValueError(f"row {row.id!r} has no recording")
        self._recording = row.source.audio
        self._path = existing_path(self._recording)
        self._rate_hz = row.output.audio_format.sample_rate_hz
        if row.source.is_passage:
            self.frames = round(row.source.passage_s[0] * self._rate_hz)

    def write_video(self, kept: SourceFormat, file: BinaryIO) -> float:
        """Write the video with the converted audio, and return the length of the audio in seconds."""
        with_new_sound(self._path, self.blocks(), self._rate_hz, kept, file, self._recording.reading)
        return self.frames / self._rate_hz

    def blocks(self) -> Iterator[Floats]:
        """Mono blocks in -1..1, with as many samples in all as the recording or passage has at this rate."""
        end = self._end()
        for piece in self.plan.pieces:
            start, stop = self._bounds(piece, end)
            yield from self._counted(self._original(start))
            receipt, body = self.answers.read(piece.call.key)
            self.receipts += (receipt,)
            yield from self._counted(iter([fitted(as_float(read_samples(body)[0]), stop - start, self._rate_hz)]))
        yield from self._counted(self._original(end))

    def _end(self) -> int:
        """The end of the recording or passage, in samples of the recording."""
        source = self.plan.row.source
        if source.is_passage:
            return round(source.passage_s[1] * self._rate_hz)
        return _length(self._recording, self._rate_hz)

    def _bounds(self, piece: CallPiece, end: int) -> tuple[int, int]:
        """The first frame of a clip, and the first one after it."""
        if not isinstance(piece.call, VoiceChange):
            raise TypeError(f"a voice change row has a call for {piece.call.op}")
        clip = piece.call.clip
        stop = end if clip.is_to_end or clip.stop_s is None else round(clip.stop_s * self._rate_hz)
        return min(round(clip.start_s * self._rate_hz), end), min(stop, end)

    def _original(self, until: int) -> Iterator[Floats]:
        """The silence between the clips, unchanged."""
        if until <= self.frames:
            return
        start_s, missing = self.frames / self._rate_hz, until - self.frames
        silence = decode_segment(self._path, self._rate_hz, start_s, until / self._rate_hz, self._recording.reading)
        for block in silence:
            yield block[:missing]
            missing -= min(missing, block.size)
        yield np.zeros(missing, np.float32)

    def _counted(self, blocks: Iterator[Floats]) -> Iterator[Floats]:
        for block in blocks:
            self.frames += block.size
            yield block


def _length(recording: Recording, rate_hz: int) -> int:
    """The number of frames at `rate_hz`. A recording that was not inspected is decoded to count them."""
    if recording.reading.samples:
        return round(recording.duration_s * rate_hz)
    return sum(block.size for block in decode(existing_path(recording), rate_hz))
