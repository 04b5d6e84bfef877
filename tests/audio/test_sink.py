"""Encoding to a file that fails raises the error of the file, once, whenever it fails."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audio.recordings import bursts, tone, write, write_video
from voicemill.audio.encode import Encoder
from voicemill.audio.media_writer import Track
from voicemill.audio.splice import splice
from voicemill.audio.video import with_new_sound
from voicemill.model.audio_formats import AudioFormat, SourceFormat

RATE_HZ = 24_000


class FullDisk(io.BytesIO):
    """A file on a disk with space for `free_bytes`, which refuses each further write."""

    def __init__(self, free_bytes: int) -> None:
        super().__init__()
        self.free_bytes = free_bytes

    def write(self, content: Any) -> int:
        """Append, or raise `OSError`."""
        if self.tell() + len(content) > self.free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


def whole_size(make: Any) -> int:
    """The size in bytes of a file on a disk with enough space."""
    roomy = FullDisk(1 << 30)
    make(roomy)
    return len(roomy.getvalue())


def assert_each_shortage_is_reported(make: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Whenever the disk becomes full, its own error is raised, and nothing is printed."""
    size = whole_size(make)
    for free_bytes in sorted({0, 1, size // 3, size // 2, size - 4096, size - 500, size - 1}):
        if free_bytes >= 0:
            with pytest.raises(OSError, match="No space left") as caught:
                make(FullDisk(free_bytes))
            assert type(caught.value) is OSError
            assert caught.value.errno == errno.ENOSPC
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("container", ["wav", "mp3", "raw"])
def test_disk_fills_while_speech_is_written(container: str, capfd: pytest.CaptureFixture[str]) -> None:
    """At the header, in the middle, in the last block and in the trailer, for each container of the API."""
    how = {"bit_rate_bps": 64000} if container == "mp3" else {"encoding": "pcm_s16le"}
    wanted = AudioFormat(container, RATE_HZ, **how)  # type: ignore[arg-type]

    def make(file: FullDisk) -> None:
        with Encoder(file, wanted, RATE_HZ) as encoder:
            for block in np.array_split(bursts(8, [], RATE_HZ), 40):
                encoder.write(block)

    assert_each_shortage_is_reported(make, capfd)


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("m4a", "aac"), ("ogg", "opus"), ("mkv", "flac")])
def test_disk_fills_while_a_source_format_is_written(
    container: str, codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same for the containers of recordings, including those that rewrite their header at the end."""

    def make(file: FullDisk) -> None:
        with Track(file, container, codec, RATE_HZ) as track:
            for block in np.array_split(bursts(8, [], RATE_HZ), 40):
                track.write(block[:, None])

    assert_each_shortage_is_reported(make, capfd)


def test_disk_fills_while_a_passage_is_replaced(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The error names the disk, not the recording."""
    write(tmp_path / "a.mp3", bursts(8, []))

    def make(file: FullDisk) -> None:
        splice(tmp_path / "a.mp3", (1.0, 2.0), tone(0.5, RATE_HZ), RATE_HZ, SourceFormat("mp3", 16000, "mp3"), file)

    assert_each_shortage_is_reported(make, capfd)


@pytest.mark.parametrize(("name", "encoding"), [("a.mp4", "aac"), ("a.mkv", "opus")])
def test_disk_fills_while_a_video_is_copied(
    tmp_path: Path, name: str, encoding: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The error names the disk, not the video."""
    write_video(tmp_path / name, bursts(8, []), 16000)

    def make(file: FullDisk) -> None:
        with_new_sound(tmp_path / name, [tone(8, 48000)], 48000, SourceFormat(name[2:], 48000, encoding), file)

    assert_each_shortage_is_reported(make, capfd)


def test_abandoned_file_gets_no_trailer() -> None:
    """After an error of the caller, nothing more is written to the file."""
    file = io.BytesIO()
    encoder = Encoder(file, AudioFormat("mp3", RATE_HZ, bit_rate_bps=64000), RATE_HZ)
    encoder.write(bursts(8, [], RATE_HZ))
    size = len(file.getvalue())
    encoder.__exit__(KeyError, KeyError(), None)
    assert 0 < size == len(file.getvalue())
