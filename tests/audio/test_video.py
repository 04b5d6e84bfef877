"""Videos with new sound: the video track stays identical, and the sound keeps its time."""

import hashlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.audio.recordings import bursts, native, tone, write_video
from voicemill.audio.video import with_new_sound
from voicemill.model.audio_formats import SourceFormat

RATE_HZ = 48000
_KINDS = [("a.mp4", "aac"), ("a.mov", "aac"), ("a.mkv", "opus"), ("a.webm", "opus")]


def pictures(path: Path) -> list[tuple[Any, ...]]:
    """The time in hundredths of a second and the digest of each packet of the video track."""
    with av.open(str(path)) as film:
        packets: list[Any] = [packet for packet in film.demux(video=0) if packet.size]
        return [(round(100 * one.pts * one.time_base), hashlib.sha256(bytes(one)).digest()) for one in packets]


@pytest.mark.parametrize(("name", "encoding"), _KINDS)
def test_video_track_stays_identical(tmp_path: Path, name: str, encoding: str) -> None:
    """Packets, times, container and title stay the same; the sound is the new one, and as long."""
    write_video(tmp_path / name, bursts(3, []), 16000 if encoding == "aac" else RATE_HZ)
    sound = tone(3, RATE_HZ)
    with (tmp_path / f"made{name[1:]}").open("wb") as sink:
        blocks = np.array_split(sound, 50)
        with_new_sound(tmp_path / name, blocks, RATE_HZ, SourceFormat(name[2:], RATE_HZ, encoding), sink)
    made = tmp_path / f"made{name[1:]}"
    assert pictures(made) == pictures(tmp_path / name) != []
    with av.open(str(made)) as film:
        assert film.streams.audio[0].codec_context.codec.canonical_name == encoding
        assert film.metadata["title" if "title" in film.metadata else "TITLE"] == "The Mill"
    heard = native(made)[:, 0]
    assert heard.size == pytest.approx(sound.size, abs=2048)
    spectrum = np.abs(np.fft.rfft(heard[RATE_HZ : 2 * RATE_HZ]))
    assert int(np.argmax(spectrum)) == 220


@pytest.mark.parametrize(("name", "encoding"), _KINDS)
def test_new_sound_starts_with_the_pictures(tmp_path: Path, name: str, encoding: str) -> None:
    """Sound for the whole timeline starts with the first picture, though the original sound starts 0.5 s later."""
    write_video(tmp_path / name, bursts(3, [], RATE_HZ), RATE_HZ, sound_starts_s=0.5)
    with (tmp_path / f"made{name[1:]}").open("wb") as sink:
        with_new_sound(tmp_path / name, [tone(3, RATE_HZ)], RATE_HZ, SourceFormat(name[2:], RATE_HZ, encoding), sink)
    starts_s = []
    for path in (tmp_path / name, tmp_path / f"made{name[1:]}"):
        with av.open(str(path)) as video:
            frame: Any = next(video.decode(audio=0))
            starts_s.append(float(frame.pts * frame.time_base))
    assert starts_s == [pytest.approx(0.5, abs=0.05), pytest.approx(0.0, abs=0.025)]


def test_damaged_video_is_an_error(tmp_path: Path) -> None:
    """A file that was damaged since it was checked raises an error that says so."""
    (tmp_path / "a.mp4").write_bytes(b"no film at all")
    with (tmp_path / "made.mp4").open("wb") as sink, pytest.raises(ValueError, match="not audio that can be decoded"):
        with_new_sound(tmp_path / "a.mp4", [], RATE_HZ, SourceFormat("mp4", RATE_HZ, "aac"), sink)
