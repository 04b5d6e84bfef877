"""New speech put between its neighbours: into the gap of a recording, or between two recordings."""

from collections.abc import Iterator
from pathlib import Path

from voicemill.audio.decode import decode_stretch
from voicemill.audio.join import Samples, as_float, read_samples
from voicemill.model import Recording, Row
from voicemill.plan.calls import RowPlan
from voicemill.store.answers import AnswerStore
from voicemill.store.outputs import OutputFolder
from voicemill.work.assemble.assembled import Assembled
from voicemill.work.assemble.written import deliver_audio


def assemble_patch(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Make the file of an infill row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    receipt, body = answers.read(plan.pieces[0].call.key)
    blocks = _patched(plan.row, read_samples(body)[0])
    delivered, duration_s = deliver_audio(blocks, plan.row, outputs)
    return Assembled(delivered, duration_s, (receipt,))


def _patched(row: Row, new: Samples) -> Iterator[Samples]:
    yield from _stretch(row, row.audio or row.left, 0.0, row.from_s)
    yield as_float(new)
    yield from _stretch(row, row.audio or row.right, row.to_s or 0.0, None)


def _stretch(row: Row, recording: Recording | None, start_s: float, stop_s: float | None) -> Iterator[Samples]:
    if recording is not None and stop_s != 0.0:
        yield from decode_stretch(Path(recording.path), row.audio_format.sample_rate_hz, start_s, stop_s)
