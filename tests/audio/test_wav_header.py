"""Read WAV headers that may be damaged or hostile."""

import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemill.audio.wav_header import NotWav, WavInfo, probe_wav
from voicemill.model.audio_formats import BYTES_PER_SAMPLE, ENCODINGS, SAMPLE_RATES_HZ

TAGS = {"pcm_s16le": (1, 16), "pcm_f32le": (3, 32), "pcm_alaw": (6, 8), "pcm_mulaw": (7, 8)}
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
SAMPLES = np.random.default_rng(7).integers(-9000, 9000, 150).astype("<i2").tobytes()


def chunk(name: bytes, content: bytes, claimed: int | None = None) -> bytes:
    """A chunk with its padding."""
    size = len(content) if claimed is None else claimed
    return name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def description(encoding: str = "pcm_s16le", rate_hz: int = 16000, channels: int = 1, *, tail: bytes = b"") -> bytes:
    """The content of a `fmt ` chunk."""
    tag, bits = TAGS[encoding]
    frame = bits // 8 * channels
    return struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits) + tail


def extensible(encoding: str) -> bytes:
    """The content of a `WAVE_FORMAT_EXTENSIBLE` chunk."""
    tag, bits = TAGS[encoding]
    head = struct.pack("<HHIIHH", 0xFFFE, 1, 16000, 16000 * bits // 8, bits // 8, bits)
    return head + struct.pack("<HHIH", 22, bits, 4, tag) + GUID_TAIL


def riff(*chunks: bytes, magic: bytes = b"RIFF") -> bytes:
    """A file of chunks."""
    content = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(content)) + content


PLAIN = riff(chunk(b"fmt ", description()), chunk(b"data", SAMPLES))
VALID = {
    "plain": PLAIN,
    "description of 18 bytes": riff(chunk(b"fmt ", description(tail=b"\0\0")), chunk(b"data", SAMPLES)),
    "extensible": riff(chunk(b"fmt ", extensible("pcm_s16le")), chunk(b"data", SAMPLES)),
    "chunks before": riff(
        chunk(b"JUNK", bytes(29)), chunk(b"fmt ", description()), chunk(b"LIST", b"odd"), chunk(b"data", SAMPLES)
    ),
    "RF64": riff(chunk(b"ds64", bytes(28)), chunk(b"fmt ", description()), chunk(b"data", SAMPLES), magic=b"RF64"),
    "odd count of bytes": riff(chunk(b"fmt ", description("pcm_alaw")), chunk(b"data", bytes(range(101)))),
    "stereo": riff(chunk(b"fmt ", description(channels=2)), chunk(b"data", SAMPLES)),
}


def is_sound(info: WavInfo, body: bytes) -> bool:
    """Whether the reported properties of `body` are possible."""
    frame = BYTES_PER_SAMPLE[info.encoding] * info.channels
    inside = 0 <= info.start <= info.stop <= len(body)
    return inside and (info.stop - info.start) % frame == 0 and info.frames * frame == info.stop - info.start


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("rate_hz", SAMPLE_RATES_HZ)
def test_every_format_of_the_api_is_read(encoding: str, rate_hz: int) -> None:
    """Encoding, rate, place and length of the samples are those that were written."""
    samples = bytes(48)
    body = riff(chunk(b"fmt ", description(encoding, rate_hz)), chunk(b"data", samples))
    frames = 48 // BYTES_PER_SAMPLE[encoding]
    info = probe_wav(body)
    assert info == WavInfo(encoding, rate_hz, 1, 44, 92, sized=True)  # type: ignore[arg-type]
    assert (info.frames, info.duration_s) == (frames, frames / rate_hz)


@pytest.mark.parametrize("body", VALID.values(), ids=VALID.keys())
def test_every_layout_is_read(body: bytes) -> None:
    """Extensible descriptions, foreign chunks, padding, RF64 and several channels lead to the same samples."""
    info = probe_wav(body)
    assert body[info.start : info.stop] in (SAMPLES, bytes(range(101)))
    assert info.sized


def test_bytes_after_the_samples_are_ignored() -> None:
    """Tags at the end are not samples."""
    body = riff(chunk(b"fmt ", description()), chunk(b"data", SAMPLES), chunk(b"LIST", b"INFOIART"))
    info = probe_wav(body)
    assert body[info.start : info.stop] == SAMPLES


@pytest.mark.parametrize("body", VALID.values(), ids=VALID.keys())
def test_every_truncation_is_refused(body: bytes) -> None:
    """Cut at any byte of its header or samples, a file is not accepted."""
    padding = probe_wav(body).stop % 2
    for length in range(len(body) - padding):
        with pytest.raises(NotWav):
            probe_wav(body[:length])


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFF024, 0x7FFFFFFF, 0xFFFFFFFF - 44, 0xFFFFFFFF - 36, 0xFFFFFFFF])
def test_a_placeholder_of_a_stream_is_not_a_size(size: int) -> None:
    """With a placeholder, the samples go to the end of the bytes, and the WAV is not known to be complete."""
    body = riff(chunk(b"fmt ", description()), chunk(b"data", SAMPLES, size))
    info = probe_wav(body)
    assert (body[info.start : info.stop], info.sized) == (SAMPLES, False)


@pytest.mark.parametrize("size", [301, 302, 1000, 0x7FFFEFFF, 0x80000000, 4_000_000_000, 0xFFFFF000 - 1])
def test_a_size_beyond_the_bytes_is_a_truncation(size: int) -> None:
    """A size that is not a placeholder must match the bytes."""
    with pytest.raises(NotWav, match="truncated"):
        probe_wav(riff(chunk(b"fmt ", description()), chunk(b"data", SAMPLES, size)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (description()[:15], "fmt chunk is truncated"),
        (struct.pack("<HHIIHH", 1, 0, 16000, 0, 0, 16), "0 channels"),
        (struct.pack("<HHIIHH", 1, 65535, 16000, 0, 0, 16), "65535 channels"),
        (struct.pack("<HHIIHH", 1, 1, 0, 0, 0, 16), "0 Hz"),
        (struct.pack("<HHIIHH", 1, 1, 1_000_000_000, 0, 0, 16), "1000000000 Hz"),
        (struct.pack("<HHIIHH", 1, 1, 16000, 0, 0, 24), "format 1 with 24 bits"),
        (struct.pack("<HHIIHH", 1, 1, 16000, 0, 0, 0), "format 1 with 0 bits"),
        (struct.pack("<HHIIHH", 85, 1, 16000, 0, 0, 16), "format 85"),
        (struct.pack("<HHIIHH", 0xFFFE, 1, 16000, 0, 0, 16), "format 65534"),
    ],
)
def test_impossible_formats_are_refused(content: bytes, why: str) -> None:
    """The message names impossible channels and sample rates, and formats that the API does not return."""
    with pytest.raises(NotWav, match=why):
        probe_wav(riff(chunk(b"fmt ", content), chunk(b"data", SAMPLES)))


@pytest.mark.parametrize(
    "body",
    [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVE", b"RIFX" + PLAIN[4:], PLAIN[:8] + b"AVI " + PLAIN[12:], PLAIN[1:],
     riff(chunk(b"data", SAMPLES)), riff(chunk(b"data", SAMPLES), chunk(b"fmt ", description())),
     riff(chunk(b"fmt ", description())), riff(chunk(b"fmt ", description(), 0xFFFFFFF0), chunk(b"data", SAMPLES)),
     riff(*(chunk(b"JUNK", b"") for _ in range(100)), chunk(b"fmt ", description()), chunk(b"data", SAMPLES))],
)  # fmt: skip
def test_other_files_are_refused(body: bytes) -> None:
    """Other files, missing and misplaced chunks, and a hundred empty chunks at the start are refused."""
    with pytest.raises(NotWav):
        probe_wav(body)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(VALID)),
    st.lists(st.tuples(st.integers(0, 90), st.binary(min_size=1, max_size=6)), max_size=6),
    st.integers(0, 500),
)
def test_any_mutation_is_sound_or_refused(name: str, changes: list[tuple[int, bytes]], length: int) -> None:
    """A header that is overwritten or cut anywhere gives possible properties or `NotWav`, and no other error."""
    body = bytearray(VALID[name])
    for place, content in changes:
        body[place : place + len(content)] = content
    _check(bytes(body[:length]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_sound_or_refused(tail: bytes) -> None:
    """So do bytes that were never a WAV, with and without the first bytes of one."""
    _check(tail)
    _check(b"RIFF\0\0\0\0WAVE" + tail)
    _check(b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", description()) + tail)


def test_a_thousand_flipped_bytes_are_sound_or_refused() -> None:
    """One random byte of the header changed, a thousand times over, for each layout."""
    dice = random.Random(11)
    for body in VALID.values():
        header = probe_wav(body).start
        for _ in range(1000):
            flipped = bytearray(body)
            flipped[dice.randrange(header)] = dice.randrange(256)
            _check(bytes(flipped))


def _check(body: bytes) -> None:
    try:
        info = probe_wav(body)
    except NotWav:
        return
    assert is_sound(info, body)
