"""Assemble new speech with its context: in the gap of a recording, or between two recordings."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import UndecodableAudio, decode, decode_segment
from voicemill.audio.join import Samples, as_float, read_samples
from voicemill.audio.segment_files import clip_blocks
from voicemill.audio.splice import EDGE_S, splice, spliced
from voicemill.audio.trim import without_left, without_right
from voicemill.model import Call, Clip, Infill, Recording, Row, SourceAudio
from voicemill.model.audio_formats import SourceFormat
from voicemill.pipeline.assemble.assembled import Assembled
from voicemill.pipeline.assemble.row_files import deliver_audio, deliver_written, existing_path
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore
from voicemill.store.output_folder import OutputFolder

Floats = NDArray[np.float32]


def assemble_infill(plan: RowPlan, answers: AnswerStore, outputs: OutputFolder) -> Assembled:
    """Write the file of an infill row. Raises `AnswerDamaged`, `StorageError` and `OutputRefused`."""
    row = plan.row
    receipt, body = answers.read(plan.pieces[0].call.key)
    new = _without_context(as_float(read_samples(body)[0]), plan.pieces[0].call)
    kept = row.output.source_format
    if kept is not None:
        delivered, duration_s = deliver_written(partial(_write_like, row, kept, new), row, outputs)
    else:
        delivered, duration_s = deliver_audio(_with_new_speech(row, new) if row.output.splice else [new], row, outputs)
    return Assembled(delivered, duration_s, (receipt,))


def _without_context(answer: Floats, call: Call) -> Floats:
    """The new speech alone. The API does not document whether the answer contains its context."""
    if not isinstance(call, Infill):
        raise TypeError(f"an infill row has a call for {call.op}")
    for clip, without in ((call.left, without_left), (call.right, without_right)):
        if clip is not None and clip.duration_s * call.sample_rate_hz < answer.size:
            answer = without(answer, _samples_of(clip, call.sample_rate_hz), call.sample_rate_hz)
    return answer


def _samples_of(clip: Clip, rate_hz: int) -> Floats:
    try:
        blocks = [*clip_blocks(clip, rate_hz)]
    except (UndecodableAudio, OSError):  # Reading the recording itself reports why.
        blocks = []
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def _write_like(row: Row, kept: SourceFormat, new: Floats, file: BinaryIO) -> float:
    audio, gap_s = row.source.audio, row.source.gap_s
    if audio is None:
        raise ValueError(f"row {row.id!r} has no recording")
    new_rate_hz = row.output.audio_format.sample_rate_hz
    return splice(existing_path(audio), gap_s, new, new_rate_hz, kept, file, audio.reading)


def _with_new_speech(row: Row, new: Floats) -> Iterator[Samples]:
    source, rate_hz = row.source, row.output.audio_format.sample_rate_hz
    if source.audio is None:
        before, after = _whole(source.left, rate_hz), _whole(source.right, rate_hz)
    else:
        from_s, to_s = source.gap_s
        path, reading = existing_path(source.audio), source.audio.reading
        before = decode_segment(path, rate_hz, 0.0, from_s, reading) if from_s > 0 else iter([])
        after = decode_segment(path, rate_hz, to_s, None, reading) if to_s < source.audio.end_s else iter([])
    yield from spliced(before, new, after, rate_hz, partial(_edges, source, rate_hz))


def _edges(source: SourceAudio, rate_hz: int) -> tuple[Floats | None, Floats | None]:
    """The first and the last samples of the gap."""
    from_s, to_s = source.gap_s
    length_s = min(EDGE_S, (to_s - from_s) / 2)
    if source.audio is None or length_s <= 0:
        return None, None
    sides = ((from_s, from_s + length_s), (to_s - length_s, to_s))
    first, last = (_samples_of(source.audio.clip(start_s, stop_s), rate_hz) for start_s, stop_s in sides)
    return first, last


def _whole(recording: Recording | None, rate_hz: int) -> Iterator[Floats]:
    if recording is not None:
        yield from decode(existing_path(recording), rate_hz, recording.reading)
