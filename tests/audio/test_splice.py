"""New speech in a recording: the audio around it stays the same, and the edges do not click."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from tests.audio.recordings import bursts, native, tone, write
from voicemill.audio.splice import EDGE_S, splice, spliced
from voicemill.model.audio_formats import SourceFormat

_LOSSLESS = [
    ("a.wav", "pcm_s16le", 1), ("a.wav", "pcm_s16le", 2), ("a.wav", "pcm_s24le", 2), ("a.wav", "pcm_u8", 1),
    ("a.wav", "pcm_f32le", 2), ("a.wav", "pcm_s16le", 6), ("a.flac", "pcm_s16le", 2), ("a.flac", "pcm_s24le", 2),
]  # fmt: skip


def put_in(path: Path, gap_s: tuple[float, float], kept: SourceFormat, new_rate_hz: int = 24000) -> float:
    """Insert half a second of a tone into a gap; returns the new length in seconds."""
    with (path.parent / f"made{path.suffix}").open("wb") as sink:
        return splice(path, gap_s, tone(0.5, new_rate_hz), new_rate_hz, kept, sink)


@pytest.mark.parametrize(("name", "kind", "channels"), _LOSSLESS)
@pytest.mark.parametrize("gap_s", [(1.0, 2.0), (0.0, 1.5), (2.5, 4.0), (2.0, 2.0)])
def test_surrounding_samples_stay_identical(
    tmp_path: Path, name: str, kind: str, channels: int, gap_s: tuple[float, float]
) -> None:
    """Every sample before and after the gap, in every channel, and the tags; the new speech is in every channel."""
    rate_hz = 32000
    old = write(tmp_path / name, bursts(4, [], rate_hz), rate_hz, kind, channels)
    encoding = "flac" if name.endswith("flac") else kind
    length_s = put_in(tmp_path / name, gap_s, SourceFormat(name[2:], rate_hz, encoding))
    made = native(tmp_path / f"made{name[1:]}")
    begin, end = (round(moment_s * rate_hz) for moment_s in gap_s)
    assert made.dtype == old.dtype
    assert np.array_equal(made[:begin], old[:begin])
    assert np.array_equal(made[len(made) - (len(old) - end) :], old[end:])
    assert length_s == pytest.approx(4 - (gap_s[1] - gap_s[0]) + 0.5 + 2 * EDGE_S, abs=0.002)
    middle = made[begin + rate_hz // 8 : begin + 3 * rate_hz // 8].astype(np.float64)
    assert all(np.array_equal(middle[:, 0], middle[:, channel]) for channel in range(channels))
    assert middle.std() > 0
    with av.open(str(tmp_path / f"made{name[1:]}")) as file:
        assert file.metadata["title" if "title" in file.metadata else "TITLE"] == "Mill"


@pytest.mark.parametrize(("name", "encoding"), [("a.mp3", "mp3"), ("a.m4a", "aac"), ("a.ogg", "opus")])
def test_compressed_recordings_are_encoded_once_more(tmp_path: Path, name: str, encoding: str) -> None:
    """The container, rate, channels, bit rate and the audio around the gap stay the same."""
    write(tmp_path / name, bursts(4, [(3.0, 3.5)], 48000), 48000, channels=2)
    length_s = put_in(tmp_path / name, (1.0, 2.0), SourceFormat(name[2:], 48000, encoding))
    old, made = native(tmp_path / name), native(tmp_path / f"made{name[1:]}")
    assert length_s == pytest.approx(3.56, abs=0.1)
    assert made.shape[1] == old.shape[1] == 2
    level = np.sqrt(np.mean(np.square(made[4800:43000])))
    assert level == pytest.approx(np.sqrt(np.mean(np.square(old[4800:43000]))), rel=0.2)
    pause = made[round(2.66 * 48000) : round(2.96 * 48000)]
    assert np.abs(pause).max() < 0.02


def test_edges_do_not_click(tmp_path: Path) -> None:
    """No step at an edge is larger than those beside it, although the new speech starts and ends far from zero."""
    rate_hz = 24000
    before, after = tone(1, rate_hz)[:-30], tone(1, rate_hz)[40:]
    new = tone(0.5, rate_hz)[27:-55]
    made = np.concatenate([*spliced([before], new, [after], rate_hz)])
    steps = np.abs(np.diff(made))
    assert steps.max() <= 1.3 * np.abs(np.diff(before)).max()
    assert np.array_equal(made[: before.size], before)
    assert np.array_equal(made[-after.size :], after)


def test_silence_around_new_speech_is_trimmed(tmp_path: Path) -> None:
    """A pause of 0.4 s at either end of it becomes one of 50 ms."""
    rate_hz = 24000
    rest = np.zeros(round(0.4 * rate_hz), np.float32)
    made = [*spliced([tone(1, rate_hz)], np.concatenate([rest, tone(0.5, rate_hz), rest]), [], rate_hz)]
    assert made[1].size == pytest.approx(0.6 * rate_hz, abs=0.01 * rate_hz)


def test_recordings_around_new_speech_are_optional() -> None:
    """New speech may be at the start, at the end, or alone."""
    new = tone(0.5)
    assert [block.size for block in spliced([], new, [], 16000)] == [new.size]
    rested = pytest.approx(new.size + 2 * EDGE_S * 16000, abs=32)
    assert [block.size for block in spliced([tone(1)], new, [], 16000)] == [16000, rested]
    assert [block.size for block in spliced([], new, [tone(1)], 16000)] == [rested, 16000]


def test_damaged_recording_is_an_error(tmp_path: Path) -> None:
    """A recording that was damaged since it was checked raises an error that says so."""
    (tmp_path / "a.wav").write_bytes(b"no audio at all")
    with pytest.raises(ValueError, match="not audio that can be decoded"):
        splice(tmp_path / "a.wav", (0, 1), tone(0.1), 16000, SourceFormat("wav", 16000, "pcm_s16le"), io.BytesIO())
