"""Write a row's audio and text files, and describe them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

from voicemill.audio.decode import UndecodableAudio
from voicemill.audio.encode import Encoder
from voicemill.audio.join import Samples
from voicemill.model import MadeFile, Recording, Row, Transcript, text_name
from voicemill.planning.row_calls import RowPlan
from voicemill.store.output_folder import Delivered, OutputFolder, OutputRefused
from voicemill.text.transcript_files import WRITERS

T = TypeVar("T")


def deliver_audio(blocks: Iterable[Samples], row: Row, outputs: OutputFolder) -> tuple[Delivered, float]:
    """Write mono blocks at the row's sample rate as the row's file, and return that with its length in seconds.

    Raises as `deliver_written` does.
    """

    def write(file: BinaryIO) -> float:
        wanted, frames = row.output.audio_format, 0
        with Encoder(file, wanted, wanted.sample_rate_hz) as encoder:
            for block in blocks:
                encoder.write(block)
                frames += len(block)
        return frames / wanted.sample_rate_hz

    return deliver_written(write, row, outputs)


def deliver_written(write: Callable[[BinaryIO], T], row: Row, outputs: OutputFolder) -> tuple[Delivered, T]:
    """Deliver what `write` writes as the row's file, and return that with the result of `write`.

    Raises `StorageError`, and `OutputRefused` if the format cannot hold that much or a recording cannot be read.
    """
    with outputs.new(row.file_name) as (file, partial):
        try:
            written = write(file)
        except UndecodableAudio as error:
            raise OutputRefused(f"a recording of this row cannot be read: {error}", "recording_unreadable") from None
        except ValueError as error:
            raise OutputRefused(str(error), "output_too_long") from None
        file.flush()
        return outputs.deliver(partial, row.file_name), written


def deliver_texts(transcript: Transcript, plan: RowPlan, outputs: OutputFolder) -> tuple[MadeFile, ...]:
    """Deliver the text files that a row requests. Raises `StorageError` and `OutputRefused`."""
    made = []
    for format in plan.row.output.text_formats:
        name = text_name(plan.row.file_name, format)
        delivered = outputs.deliver_bytes(name, WRITERS[format](transcript, plan.subtitles).encode())
        made.append(MadeFile(name, delivered.sha256, delivered.size_bytes))
    return tuple(made)


def existing_path(recording: Recording) -> Path:
    """The path of a recording. Raises `OutputRefused` if the file no longer exists."""
    path = Path(recording.path)
    if not path.is_file():
        raise OutputRefused(f"{path} no longer exists; restore it", "recording_unreadable")
    return path
