"""Whether an answer is already the file of its row. This imports no decoder, which takes a tenth of a second."""

from voicemill.audio.wav_header import probe_wav
from voicemill.model import Op
from voicemill.planning.row_calls import RowPlan, request_encoding


def is_the_file(plan: RowPlan, body: bytes) -> bool:
    """Whether the row's only answer can be delivered unchanged, without further files."""
    row = plan.row
    return not row.needs_word_timestamps and not row.text_formats and has_format_of_file(plan) and is_sized(body)


def has_format_of_file(plan: RowPlan) -> bool:
    """Whether the audio of the row's only answer already has the format of the row's file."""
    row = plan.row
    if row.op is not Op.TTS or len(plan.pieces) != 1 or row.format is None:
        return False
    return row.format.container == "wav" and row.format.encoding == request_encoding(row.format.encoding)


def is_sized(body: bytes) -> bool:
    """Whether the header of a WAV states its size. Players refuse one with a stream's placeholder instead."""
    return probe_wav(body).sized
