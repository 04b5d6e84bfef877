"""Writing blocks of samples as a row's file."""

from collections.abc import Iterable

from voicemill.audio.encode import Encoder
from voicemill.audio.join import Samples
from voicemill.model import Row
from voicemill.store.outputs import Delivered, OutputFolder, OutputRefused


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
