"""Whether an answer is already the file of its row. This imports no decoder, which takes a tenth of a second."""

from voicemill.audio.wav_header import probe_wav
from voicemill.model import Op
from voicemill.planning.row_calls import RowPlan, request_encoding


def is_the_file(plan: RowPlan, body: bytes) -> bool:
    """Whether the row's only answer can be delivered unchanged, without further files."""
    output = plan.row.output
    is_alone = not output.needs_word_timestamps and not output.text_formats
    return is_alone and has_format_of_file(plan) and is_sized(body)


def has_format_of_file(plan: RowPlan) -> bool:
    """Whether the audio of the row's only answer already has the format of the row's file."""
    format = plan.row.output.format
    if plan.row.op is not Op.TTS or len(plan.pieces) != 1 or format is None:
        return False
    return format.container == "wav" and format.encoding == request_encoding(format.encoding)


def is_sized(body: bytes) -> bool:
    """Whether the header of a WAV states its size. Players refuse one with a stream's placeholder instead."""
    return probe_wav(body).sized
