"""Join parts: no clicks, pauses of the given length, nothing lost, constant memory."""

import gc
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.hostile_speech import wav
from voicemill.audio.join import Samples, join, read_samples
from voicemill.audio.wav_header import TruncatedWav

RATE_HZ = 24000
DTYPES = [np.int16, np.float32]


def tone(length_s: float, *, hz: float = 220.0, dtype: type = np.int16, silence_s: float = 0.0) -> Samples:
    """A steady tone that starts and ends away from zero, with silence around it."""
    time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    wave = 0.7 * np.cos(2 * np.pi * hz * time)
    rest = np.zeros(round(silence_s * RATE_HZ))
    whole = np.concatenate([rest, wave, rest])
    return (whole * 32767).astype(np.int16) if dtype is np.int16 else whole.astype(np.float32)


def joined(*pieces: tuple[Samples, float]) -> Samples:
    """The whole recording."""
    return np.concatenate(list(join(pieces, RATE_HZ)))


def steps(samples: Samples) -> "NDArray[np.float64]":
    """The difference between each sample and the one before it."""
    return np.abs(np.diff(samples.astype(np.float64)))


def silences(samples: Samples, shortest_s: float = 0.03) -> list[float]:
    """The lengths, in seconds, of the runs of zeros."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples == 0).astype(np.int8), [0]])))
    return [
        float(stop - start) / RATE_HZ
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if stop - start >= shortest_s * RATE_HZ
    ]


@pytest.mark.parametrize("dtype", DTYPES)
def test_single_part_is_not_changed(dtype: type) -> None:
    """A single part keeps its silence and its edges, and no pause is added."""
    piece = tone(0.5, dtype=dtype, silence_s=0.2)
    blocks = list(join([(piece, 3.0)], RATE_HZ))
    assert len(blocks) == 1
    assert blocks[0].dtype == piece.dtype
    assert np.array_equal(blocks[0], piece)


def test_no_parts_give_no_blocks() -> None:
    """Without parts there are no blocks."""
    assert list(join([], RATE_HZ)) == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pause_s", [0.0, 0.001, 0.15, 1.2])
def test_joins_do_not_click(dtype: type, pause_s: float) -> None:
    """No step at a join is larger than those within the tones, although the tones do not end at zero."""
    pieces = [(tone(0.3, hz=hz, dtype=dtype), pause_s) for hz in (180.0, 220.0, 310.0)]
    within = max(steps(piece).max() for piece, _ in pieces)
    hard = np.concatenate([np.append(piece, np.zeros(round(pause_s * RATE_HZ), piece.dtype)) for piece, _ in pieces])
    assert steps(joined(*pieces)).max() <= within
    assert steps(hard).max() > 2 * within or pause_s == 0.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pauses_s", [(0.15, 0.6), (1.2, 0.04), (0.6, 0.6)])
def test_pauses_have_the_given_length(dtype: type, pauses_s: tuple[float, float]) -> None:
    """Between parts without silence at their edges, the pause is exact except for zeros of the faded edges."""
    pieces = [tone(0.3, dtype=dtype) for _ in range(3)]
    whole = joined(*zip(pieces, [*pauses_s, 9.0], strict=True))
    assert len(whole) == 3 * len(pieces[0]) + sum(round(pause_s * RATE_HZ) for pause_s in pauses_s)
    assert silences(whole) == pytest.approx(pauses_s, abs=4 / RATE_HZ)


@pytest.mark.parametrize("brought_s", [0.02, 0.1, 0.8])
def test_silence_at_the_edges_of_parts_is_trimmed(brought_s: float) -> None:
    """A part that ends in silence makes the pause longer by at most 20 ms per side."""
    pieces = [(tone(0.3, silence_s=brought_s), 0.5) for _ in range(3)]
    whole = joined(*pieces)
    inner = silences(whole)[1:-1] if brought_s > 0.03 else silences(whole)
    assert inner == pytest.approx([0.54, 0.54], abs=0.002)


def test_outer_edges_are_not_changed() -> None:
    """The recording begins as its first part begins and ends as its last part ends."""
    first, last = tone(0.3, silence_s=0.4), tone(0.3, hz=330, silence_s=0.4)
    whole = joined((first, 0.1), (last, 0.1))
    assert np.array_equal(whole[: len(first) // 2], first[: len(first) // 2])
    assert np.array_equal(whole[-len(last) // 2 :], last[-len(last) // 2 :])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 0.2), st.sampled_from([0, 1, 20000])), min_size=1, max_size=6)
)
def test_any_parts_can_be_joined(shapes: list[tuple[int, float, int]]) -> None:
    """Empty, silent, loud, short and long parts in any order are never longer than their sum, and keep their type."""
    dice = np.random.default_rng(3)
    pieces = [(dice.integers(-level - 1, level + 1, length).astype(np.int16), pause) for length, pause, level in shapes]
    blocks = list(join(pieces, RATE_HZ))
    most = sum(len(piece) for piece, _ in pieces) + sum(round(pause * RATE_HZ) for _, pause in pieces[:-1])
    assert sum(map(len, blocks)) <= most
    assert {block.dtype for block in blocks} == {np.dtype(np.int16)}


def test_memory_is_constant() -> None:
    """Two hundred parts take no more memory than a few, because each is read when it is joined."""
    piece = tone(2.0)
    read = 0

    def pieces() -> Iterator[tuple[Samples, float]]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield piece.copy(), 0.15

    gc.collect()
    tracemalloc.start()
    try:
        blocks = sum(1 for _ in join(pieces(), RATE_HZ))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (read, blocks) == (200, 399)
    assert peak < 20 * piece.nbytes


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le"])
def test_samples_are_read_as_they_were_written(encoding: str) -> None:
    """Shape, type and values are those of the file, which is not copied."""
    samples = tone(0.1, dtype=np.int16 if encoding == "pcm_s16le" else np.float32)
    body = wav(samples.tobytes(), RATE_HZ, encoding)
    found, info = read_samples(body)
    assert np.array_equal(found, samples)
    assert (found.dtype, info.encoding, info.frames) == (samples.dtype, encoding, len(samples))
    assert np.shares_memory(found, np.frombuffer(body, np.uint8))


def test_unsupported_files_are_refused() -> None:
    """Companded samples, several channels and truncated files are refused, each with its reason."""
    with pytest.raises(ValueError, match="pcm_alaw with 1 channels"):
        read_samples(wav(bytes(100), 8000, "pcm_alaw"))
    stereo = wav(bytes(100), 8000)
    with pytest.raises(ValueError, match="2 channels"):
        read_samples(stereo[:22] + b"\x02" + stereo[23:])
    with pytest.raises(TruncatedWav, match="98 of 100 bytes"):
        read_samples(stereo[:-2])
