"""Write a row's audio and text files, and describe what was written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from voicemill.audio.decode import UndecodableAudio
from voicemill.audio.encode import Encoder
from voicemill.audio.join import Samples
from voicemill.model import MadeFile, Receipt, Recording, Row, Transcript, text_name
from voicemill.planning.row_calls import RowPlan
from voicemill.store.output_folder import Delivered, OutputFolder, OutputRefused
from voicemill.text.transcript_files import WRITERS


@dataclass(frozen=True, slots=True)
class Assembled:
    """A row's files in their places, and the receipts of the answers they were made from.

    `more_files` are those besides the first, `transcript` is there where words were asked for.
    `found_language` is what the service took a recording's language for, where it tells.
    """

    delivered: Delivered
    duration_s: float
    receipts: tuple[Receipt, ...]
    more_files: tuple[MadeFile, ...] = ()
    transcript: Transcript | None = None
    found_language: str = ""


T = TypeVar("T")


def deliver_audio(blocks: Iterable[Samples], row: Row, outputs: OutputFolder) -> tuple[Delivered, float]:
    """The row's file in its place, made of mono blocks at the row's sample rate, and its length in seconds.

    Raises as `deliver_written` does.
    """

    def write(file: BinaryIO) -> float:
        wanted, frames = row.audio_format, 0
        with Encoder(file, wanted, wanted.sample_rate_hz) as encoder:
            for block in blocks:
                encoder.write(block)
                frames += len(block)
        return frames / wanted.sample_rate_hz

    return deliver_written(write, row, outputs)


def deliver_written(write: Callable[[BinaryIO], T], row: Row, outputs: OutputFolder) -> tuple[Delivered, T]:
    """The row's file in its place, as `write` writes it, and what that says.

    Raises `StorageError`, and `OutputRefused` where the format cannot hold that much, or a recording cannot be read.
    """
    with outputs.new(row.file_name) as (file, partial):
        try:
            told = write(file)
        except UndecodableAudio as error:
            raise OutputRefused(f"a recording of this row cannot be read: {error}", "recording_unreadable") from None
        except ValueError as error:
            raise OutputRefused(str(error), "output_too_long") from None
        file.flush()
        return outputs.deliver(partial, row.file_name), told


def deliver_texts(transcript: Transcript, plan: RowPlan, outputs: OutputFolder) -> tuple[MadeFile, ...]:
    """The files of text that a row asks for, in their places. Raises `StorageError` and `OutputRefused`."""
    made = []
    for format in plan.row.text_formats:
        name = text_name(plan.row.file_name, format)
        delivered = outputs.deliver_bytes(name, WRITERS[format](transcript, plan.subtitles).encode())
        made.append(MadeFile(name, delivered.sha256, delivered.size_bytes))
    return tuple(made)


def still_there(recording: Recording) -> Path:
    """Where a recording lies. Raises `OutputRefused` where it does not lie there any more."""
    path = Path(recording.path)
    if not path.is_file():
        raise OutputRefused(f"{path} is not there any more; put it back", "recording_unreadable")
    return path
