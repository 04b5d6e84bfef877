"""New speech put between its neighbours: into the gap of a recording, or between two recordings."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import decode, decode_stretch
from voicemill.audio.formats import KeptFormat
from voicemill.audio.join import Samples, as_float, read_samples
from voicemill.audio.splice import splice, spliced
from voicemill.model import Recording, Row
from voicemill.plan.calls import RowPlan
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import OutputFolder
from voicemill.work.assemble.assembled import Assembled
from voicemill.work.assemble.written import deliver_audio, deliver_written, still_there

Floats = NDArray[np.float32]


def assemble_patch(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of an infill row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    row = plan.row
    receipt, body = answers.read(plan.pieces[0].call.key)
    new = as_float(read_samples(body)[0])
    if row.kept_format is not None:
        delivered, duration_s = deliver_written(partial(_write_like, row, row.kept_format, new), row, outputs)
    else:
        delivered, duration_s = deliver_audio(_patched(row, new) if row.splice else [new], row, outputs)
    return Assembled(delivered, duration_s, (receipt,))


def _write_like(row: Row, kept: KeptFormat, new: Floats, file: BinaryIO) -> float:
    if row.audio is None:
        raise ValueError(f"row {row.id!r} has no recording")
    return splice(still_there(row.audio), row.gap_s, new, row.audio_format.sample_rate_hz, kept, file)


def _patched(row: Row, new: Floats) -> Iterator[Samples]:
    rate_hz = row.audio_format.sample_rate_hz
    if row.audio is None:
        before, after = _whole(row.left, rate_hz), _whole(row.right, rate_hz)
    else:
        from_s, to_s = row.gap_s
        path = still_there(row.audio)
        before = decode_stretch(path, rate_hz, 0.0, from_s) if from_s > 0 else iter([])
        after = decode_stretch(path, rate_hz, to_s, None) if to_s < row.audio.duration_s else iter([])
    yield from spliced(before, new, after, rate_hz)


def _whole(recording: Recording | None, rate_hz: int) -> Iterator[Floats]:
    if recording is not None:
        yield from decode(still_there(recording), rate_hz)
