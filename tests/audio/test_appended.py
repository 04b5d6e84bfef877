"""Sound in a file that FFmpeg does not read: it is reported as damage, and other bytes after the end are not."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.audio.odd_recordings import FRAGMENTS, Kind, OddRecording
from tests.audio.recordings import tone, write
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable

_FLAC_OGG = Kind("ogg", "flac", 44100)
_OPUS_OGG = Kind("ogg", "libopus", 48000)
_ONE_FILE_ONLY = [
    Kind("wav", "pcm_s16le", 16000),
    Kind("aiff", "pcm_s16be", 44100),
    Kind("caf", "pcm_s16le", 16000),
    Kind("ipod", "aac", 44100),
    Kind("mp4", "aac", 48000, picture="mpeg4"),
    Kind("flv", "aac", 44100),
    Kind("asf", "wmav2", 44100, (("b", "64000"),)),
    Kind("wv", "wavpack", 44100),
]


@pytest.mark.parametrize("kind", _ONE_FILE_ONLY, ids=lambda kind: f"{kind.container}-{kind.codec}")
def test_a_second_file_in_a_file_is_reported(tmp_path: Path, kind: Kind) -> None:
    """FFmpeg plays only the first of two files that were joined byte by byte."""
    path = tmp_path / "a"
    path.write_bytes(OddRecording(kind, seconds=2).content())
    alone = inspect_recording(path)
    path.write_bytes(path.read_bytes() * 2)
    joined = inspect_recording(path)
    assert alone.damaged_s == 0
    assert 0.7 * alone.duration_s < joined.damaged_s < 2.2 * alone.duration_s
    assert not joined.reading.is_uploadable


def test_another_codec_in_an_ogg_file_is_reported(tmp_path: Path) -> None:
    """FFmpeg stops where a joined Ogg file changes its codec."""
    path = tmp_path / "a.ogg"
    path.write_bytes(b"".join(OddRecording(kind, seconds=2).content() for kind in (_FLAC_OGG, _OPUS_OGG)))
    assert inspect_recording(path).damaged_s > 0


_MP3 = Kind("mp3", "libmp3lame", 44100)
_FLAC = Kind("flac", "flac", 16000)
_AAC_48, _AAC_44 = Kind("matroska", "aac", 48000), Kind("matroska", "aac", 44100)
_VORBIS = Kind("webm", "vorbis", 48000, (("strict", "experimental"),), layout="stereo")
_AU = Kind("au", "pcm_s16be", 16000)
_AVI = Kind("avi", "pcm_s16le", 44100)
_FRAGMENTS_48 = Kind("ipod", "aac", 48000, (), FRAGMENTS)
_ADTS, _AC3 = Kind("adts", "aac", 44100), Kind("ac3", "ac3", 48000)
_WITHOUT_TAG = Kind("mp3", "libmp3lame", 22050, (), (("write_xing", "0"), ("id3v2_version", "0")))
_FILM = Kind("mp4", "aac", 48000, picture="mpeg4")
_DVD_AC3, _DVD_MP2 = (Kind("vob", codec, 48000, picture="mpeg2video") for codec in ("ac3", "mp2"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_FLAC, _MP3),
        (_OPUS_OGG, _FLAC),
        (Kind("mpegts", "aac", 48000), _MP3),
        (Kind("mpegts", "ac3", 48000), Kind("mpegts", "aac", 48000)),
        (Kind("webm", "libopus", 48000), Kind("ipod", "aac", 44100)),
        (Kind("wv", "wavpack", 44100), _OPUS_OGG),
        (_AU, _FLAC),
        (_AAC_48, _AAC_44),
        (Kind("webm", "libopus", 48000), _VORBIS),
        (_FRAGMENTS_48, _FRAGMENTS_48._replace(rate_hz=44100)),
        (_AU, _AU._replace(rate_hz=44100)),
        (_AVI, _AVI._replace(layout="stereo")),
        (_FLAC, _FLAC._replace(layout="stereo")),
        (Kind("wav", "pcm_s16le", 16000), _ADTS),
        (_OPUS_OGG, _ADTS),
        (_FLAC, _ADTS),
        (_FILM, _AC3),
        (_AAC_48, _AC3),
        (Kind("ipod", "aac", 44100), _WITHOUT_TAG),
        (Kind("webm", "libopus", 48000), Kind("mpeg", "mp2", 48000)),
        (_DVD_AC3, _DVD_MP2),
        (_DVD_AC3, _DVD_AC3._replace(codec="mp2", picture="")),
        (Kind("mpeg", "mp2", 48000), Kind("mpegts", "mp2", 48000)),
    ],
    ids=lambda kind: f"{kind.container}-{kind.codec}-{kind.rate_hz}",
)
def test_a_second_file_of_another_kind_is_reported(tmp_path: Path, first: Kind, second: Kind) -> None:
    """FFmpeg ignores it, or decodes it as if it were encoded as the first file."""
    path = tmp_path / "a"
    path.write_bytes(OddRecording(first, seconds=1).content() + OddRecording(second, seconds=2).content())
    found = inspect_recording(path)
    assert found.damaged_s > 0.15
    assert not found.reading.is_uploadable


def test_a_picture_after_the_sound_is_not_a_second_file(tmp_path: Path) -> None:
    """The packets of a picture that lasts longer than the sound are not damage."""
    film = OddRecording(_DVD_AC3, seconds=4, holes=((1, 4),)).content()
    (tmp_path / "a.vob").write_bytes(film)
    assert inspect_recording(tmp_path / "a.vob").damaged_s == 0.0


def test_a_joined_ogg_file_whose_first_part_is_short_is_read_completely(tmp_path: Path) -> None:
    """FFmpeg counts the first page of the second part on, and then returns to the time stamps of that part."""
    path = tmp_path / "a.ogg"
    path.write_bytes(OddRecording(_FLAC_OGG, seconds=1).content() + OddRecording(_FLAC_OGG, seconds=3).content())
    found = inspect_recording(path)
    assert (round(found.duration_s, 2), found.damaged_s) == (4.0, 0.0)


def test_a_joined_ogg_file_with_another_sample_rate_keeps_its_times(tmp_path: Path) -> None:
    """FFmpeg gives the time stamps of the second part in units of the first."""
    path = tmp_path / "a.ogg"
    faster = _FLAC_OGG._replace(rate_hz=48000)
    path.write_bytes(OddRecording(_FLAC_OGG, seconds=2).content() + OddRecording(faster, seconds=3).content())
    found = inspect_recording(path)
    assert (round(found.duration_s, 2), found.damaged_s) == (5.0, 0.0)


def test_joined_aac_files_with_other_sample_rates_are_read_completely(tmp_path: Path) -> None:
    """FFmpeg counts the time stamps of all parts at the rate of the first."""
    path = tmp_path / "a.aac"
    parts = [OddRecording(Kind("adts", "aac", rate_hz), seconds=1) for rate_hz in (44100, 22050, 44100)]
    path.write_bytes(b"".join(part.content() for part in parts))
    found = inspect_recording(path)
    assert found.duration_s == pytest.approx(3.15, abs=0.05)
    assert found.damaged_s == 0.0


def test_a_caf_file_whose_samples_last_to_its_end_is_whole(tmp_path: Path) -> None:
    """Its last chunk need not state a size."""
    content = bytearray(OddRecording(Kind("caf", "pcm_s16le", 16000), seconds=2).content())
    struct.pack_into(">q", content, content.index(b"data") + 4, -1)
    (tmp_path / "a.caf").write_bytes(content)
    found = inspect_recording(tmp_path / "a.caf")
    assert (found.duration_s, found.damaged_s) == (2.0, 0.0)


def test_joined_fragments_are_read_completely(tmp_path: Path) -> None:
    """FFmpeg discards fragments of MP4 whose time stamps start again, as in joined files."""
    path = tmp_path / "a.m4a"
    path.write_bytes(OddRecording(_FRAGMENTS_48, seconds=2).content() * 2)
    found = inspect_recording(path)
    assert found.duration_s == pytest.approx(4.0, abs=0.15)
    assert found.damaged_s == 0


def test_fragments_from_the_middle_of_a_broadcast_are_whole(tmp_path: Path) -> None:
    """Their time stamps start late, and the length that FFmpeg gives includes the time before."""
    content = bytearray(OddRecording(_FRAGMENTS_48, seconds=2).content())
    for place in [found.start() for found in re.finditer(b"tfdt\\x01", content)]:
        (start,) = struct.unpack_from(">Q", content, place + 8)
        struct.pack_into(">Q", content, place + 8, start + 100 * _FRAGMENTS_48.rate_hz)
    (tmp_path / "a.m4a").write_bytes(content)
    found = inspect_recording(tmp_path / "a.m4a")
    assert found.damaged_s == 0.0
    assert found.claimed_s == pytest.approx(2.0, abs=0.1)


def test_a_header_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """FFmpeg opens such a file, but without a codec."""
    content = OddRecording(_FRAGMENTS_48, seconds=1).content()
    (tmp_path / "a.m4a").write_bytes(content[: content.index(b"stsd")])
    with pytest.raises(Unlistenable, match="does not tell how its audio is encoded"):
        inspect_recording(tmp_path / "a.m4a")


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    """A WAV of two seconds whose samples are its last chunk."""
    write(tmp_path / "a.wav", tone(2.0))
    return (tmp_path / "a.wav").read_bytes()


def _with_size(wav: bytes, size_bytes: int) -> bytes:
    """The WAV with another stated size of its samples."""
    place = wav.index(b"data") + 4
    return wav[:place] + struct.pack("<I", size_bytes) + wav[place + 4 :]


def test_samples_that_the_header_does_not_count_are_reported(tmp_path: Path, wav: bytes) -> None:
    """A recorder that crashed left the size that it wrote last."""
    (tmp_path / "a.wav").write_bytes(_with_size(wav, 16_000))
    found = inspect_recording(tmp_path / "a.wav")
    assert found.duration_s == 0.5
    assert found.damaged_s == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_samples_that_a_long_header_does_not_count_are_reported(tmp_path: Path, wav: bytes, magic: bytes) -> None:
    """Headers of WAVs that may exceed 4 GiB have the size of the samples in another chunk."""
    sizes = b"ds64" + struct.pack("<IQQQI", 28, len(wav) + 28, 16_000, 8_000, 0)
    (tmp_path / "a.wav").write_bytes(magic + b"\xff" * 4 + b"WAVE" + sizes + _with_size(wav, 0xFFFFFFFF)[12:])
    found = inspect_recording(tmp_path / "a.wav")
    assert found.duration_s == 0.5
    assert found.damaged_s == pytest.approx(1.5, abs=0.02)


def test_samples_that_an_au_header_does_not_count_are_used(tmp_path: Path) -> None:
    """FFmpeg reads an AU file to its end, whatever size its header states."""
    content = OddRecording(_AU, seconds=2).content()
    (tmp_path / "a.au").write_bytes(content[:8] + struct.pack(">I", 16_000) + content[12:])
    found = inspect_recording(tmp_path / "a.au")
    assert (found.duration_s, found.damaged_s) == (2.0, 0.0)


@pytest.mark.parametrize("size_bytes", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFF01])
def test_a_wav_that_was_written_as_a_stream_is_not_damaged(tmp_path: Path, wav: bytes, size_bytes: int) -> None:
    """Its header states no length."""
    (tmp_path / "a.wav").write_bytes(_with_size(wav, size_bytes))
    found = inspect_recording(tmp_path / "a.wav")
    assert (found.duration_s, found.damaged_s, found.reading.is_uploadable) == (2.0, 0.0, True)


@pytest.mark.parametrize(
    "end",
    [
        bytes(5000),
        b"LIST" + struct.pack("<I", 2000) + b"INFO" + b"q" * 1996,
        b"LIST" + struct.pack("<I", 90_000) + b"q" * 2000,
        b"abcd" + struct.pack("<I", 2000) + b"q" * 2000,
        b"a line of text",
    ],
    ids=["zeros", "tags", "tags cut off", "unknown chunk", "few bytes"],
)
def test_other_bytes_after_the_samples_are_not_damage(tmp_path: Path, wav: bytes, end: bytes) -> None:
    """Tags, padding and unknown chunks are not sound."""
    (tmp_path / "a.wav").write_bytes(wav + end)
    assert inspect_recording(tmp_path / "a.wav").damaged_s == 0


def test_a_chunk_without_the_byte_after_an_odd_size_is_found(tmp_path: Path) -> None:
    """Some programs write no padding."""
    header = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    samples = (128 + 100 * np.sin(np.arange(16_001))).astype(np.uint8).tobytes()
    tags = b"LIST" + struct.pack("<I", 2000) + b"INFO" + b"q" * 1996
    (tmp_path / "a.wav").write_bytes(header + b"data" + struct.pack("<I", len(samples)) + samples + tags)
    found = inspect_recording(tmp_path / "a.wav")
    assert (found.damaged_s, found.reading.samples) == (0.0, 16_001)


def test_a_missing_fragment_is_reported(tmp_path: Path) -> None:
    """Downloads leave out fragments that the server no longer has; numbers that all count by two miss none."""
    content = OddRecording(_FRAGMENTS_48, seconds=3).content()
    starts = [found.start() - 4 for found in re.finditer(b"moof", content)]
    (tmp_path / "a.m4a").write_bytes(content[: starts[3]] + content[starts[4] :])
    assert inspect_recording(tmp_path / "a.m4a").damaged_s > 0
    renumbered = bytearray(content)
    for number, found in enumerate(re.finditer(b"mfhd", content)):
        struct.pack_into(">I", renumbered, found.end() + 4, 2 * number)
    (tmp_path / "b.m4a").write_bytes(renumbered)
    assert inspect_recording(tmp_path / "b.m4a").damaged_s == 0.0
