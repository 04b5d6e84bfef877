"""Writing blocks of samples, and transcripts, as a row's files."""

from collections.abc import Iterable

from voicemill.audio.encode import Encoder
from voicemill.audio.join import Samples
from voicemill.model import MadeFile, Row, Transcript
from voicemill.plan.calls import RowPlan
from voicemill.store.outputs import Delivered, OutputFolder, OutputRefused
from voicemill.text.files import WRITERS, text_name


def deliver_audio(blocks: Iterable[Samples], row: Row, outputs: OutputFolder) -> tuple[Delivered, float]:
    """The row's file in its place, made of mono blocks at the row's sample rate, and its length in seconds.

    Raises `StorageError`, and `OutputRefused` where the format cannot hold that much.
    """
    wanted, frames = row.audio_format, 0
    with outputs.new(row.file_name) as (file, partial):
        try:
            with Encoder(file, wanted, wanted.sample_rate_hz) as encoder:
                for block in blocks:
                    encoder.write(block)
                    frames += len(block)
        except ValueError as error:
            raise OutputRefused(str(error), "output_too_long") from None
        file.flush()
        return outputs.deliver(partial, row.file_name), frames / wanted.sample_rate_hz


def deliver_texts(transcript: Transcript, plan: RowPlan, outputs: OutputFolder) -> tuple[MadeFile, ...]:
    """The files of text that a row asks for, in their places. Raises `StorageError` and `OutputRefused`."""
    made = []
    for format in plan.row.text_formats:
        name = text_name(plan.row.file_name, format)
        delivered = outputs.deliver_bytes(name, WRITERS[format](transcript, plan.subtitles).encode())
        made.append(MadeFile(name, delivered.sha256, delivered.size_bytes))
    return tuple(made)
