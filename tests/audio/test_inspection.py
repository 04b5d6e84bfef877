"""Inspection reports what a player plays: the decoded length, the damage, the track and the channel."""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.audio.numbered_seconds import HEARD_RATE_HZ, found_seconds, numbered
from tests.audio.odd_recordings import LENGTH_S, Kind, OddRecording
from tests.audio.recordings import tone, write
from voicemill.audio.decode import decode_all
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.audio.segment_files import write_flac_clip
from voicemill.model import Recording

_CASES = Path(__file__).resolve().parents[3] / "shared/cases"
_MP3 = Kind("mp3", "libmp3lame", 44100)
_NO_HEADER = Kind("mp3", "libmp3lame", 22050, (("q", "4"),), (("write_xing", "0"),))
_FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"), ("frag_duration", "400000"))
_FILM = Kind("matroska", "libopus", 48000, is_timed=True, picture="mpeg4")


def inspected(path: Path, odd: OddRecording, track: str = "") -> Recording:
    """The recording, written to `path`."""
    path.write_bytes(odd.content())
    return inspect_recording(path, track)


@pytest.mark.parametrize("kind", [_MP3, _NO_HEADER, Kind("adts", "aac", 44100), _FILM], ids=str)
def test_length_is_decoded(tmp_path: Path, kind: Kind) -> None:
    """Wrong or missing lengths in headers change nothing."""
    assert inspected(tmp_path / "a", OddRecording(kind)).duration_s == pytest.approx(LENGTH_S, abs=0.1)


def test_joined_files_are_one_recording(tmp_path: Path) -> None:
    """Two MP3 files in one: both count."""
    assert inspected(tmp_path / "a.mp3", OddRecording(_MP3, join=5)).duration_s == pytest.approx(LENGTH_S + 5, abs=0.2)


def test_plain_recording_is_uploaded_as_it_is(tmp_path: Path) -> None:
    """A plain recording in one of the API's formats keeps the identity that it had in earlier versions."""
    recording = inspected(tmp_path / "a.mp3", OddRecording(_MP3))
    clip = recording.clip()
    assert clip.is_file
    assert clip.identity == (recording.sha256, 0.0, None)
    assert recording.damaged_s == 0


def test_late_sound_is_another_request(tmp_path: Path) -> None:
    """A recording whose sound starts late is uploaded as decoded sound, under another identity."""
    recording = inspected(tmp_path / "a.mkv", OddRecording(_FILM, late_s=3.0))
    assert recording.duration_s == pytest.approx(LENGTH_S + 3, abs=0.1)
    assert not recording.clip().is_file
    assert recording.clip().identity == (recording.sha256, 0.0, None, "timeline")


def test_damage_is_measured(tmp_path: Path) -> None:
    """3,000 damaged bytes of an MP3 file at 64 kbit/s are about 0.4 s; the rest is used."""
    recording = inspected(tmp_path / "a.mp3", OddRecording(_MP3, damage="noise"))
    assert 0.2 < recording.damaged_s < 0.8
    assert recording.duration_s == pytest.approx(LENGTH_S, abs=0.8)
    assert not recording.clip().is_file


def test_bytes_after_the_sound_are_no_lost_sound(tmp_path: Path) -> None:
    """A hundred zero bytes at the end are reported, with the length of one frame, and keep the identity."""
    recording = inspected(tmp_path / "a.mp3", OddRecording(_MP3, damage="padding"))
    assert recording.damaged_s < 0.03
    assert recording.clip().identity == (recording.sha256, 0.0, None)


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [("aiff", "pcm_s16be", 44100), ("caf", "alac", 44100), ("ac3", "ac3", 48000), ("asf", "wmav2", 44100)],
)
def test_other_formats_are_decoded_here(tmp_path: Path, container: str, codec: str, rate_hz: int) -> None:
    """Formats that the API does not take are uploaded as FLAC."""
    options = (("b", "64000"),) if codec == "wmav2" else ()
    recording = inspected(tmp_path / "a", OddRecording(Kind(container, codec, rate_hz, options)))
    assert not recording.clip().is_file
    file = io.BytesIO()
    write_flac_clip(recording.clip(), file)
    file.seek(0)
    assert [second.number for second in found_seconds(decode_all(file, HEARD_RATE_HZ))] == [*range(LENGTH_S)]


def test_sphere_files_of_speech_corpora_are_decoded_here(tmp_path: Path) -> None:
    """A complete file has its length; the header of one that is cut off tells how much is missing."""
    samples = np.round(numbered(range(2), 16000) * 32767).astype("<i2").tobytes()
    fields = "channel_count -i 1\nsample_count -i 32000\nsample_rate -i 16000\nsample_n_bytes -i 2\n"
    header = f"NIST_1A\n   1024\n{fields}sample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n".encode()
    (tmp_path / "a.sph").write_bytes(header.ljust(1024) + samples)
    found = inspect_recording(tmp_path / "a.sph")
    assert (found.duration_s, found.damaged_s, found.reading.is_uploadable) == (2.0, 0.0, False)
    (tmp_path / "b.sph").write_bytes(header.ljust(1024) + samples[:32000])
    assert inspect_recording(tmp_path / "b.sph").damaged_s == pytest.approx(1.0, abs=0.01)


def test_a_damaged_size_in_a_video_is_reported(tmp_path: Path) -> None:
    """FFmpeg skips the cluster of such an element in Matroska, and only logs it."""
    kind = Kind("matroska", "flac", 16000, is_timed=True, picture="mpeg4")
    odd = OddRecording(kind, late_s=3.0, holes=((1, 2),), damage="noise", seed=747168809, tone_s=0.5)
    (tmp_path / "a.mkv").write_bytes(odd.content())
    assert inspect_recording(tmp_path / "a.mkv").damaged_s > 0


def test_opposite_channels_do_not_cancel(tmp_path: Path) -> None:
    """Where one channel is the other with inverted polarity, one of them is used."""
    write_stereo(tmp_path / "a.wav", tone(2), -0.9 * tone(2))
    recording = inspect_recording(tmp_path / "a.wav")
    assert recording.reading.channel == 0
    assert np.abs(decode_all(tmp_path / "a.wav", 16_000, recording.reading)).max() > 0.2
    assert recording.clip().identity[3:] == ("channel 0",)


def test_a_short_part_with_opposite_channels_is_not_lost(tmp_path: Path) -> None:
    """One second in forty is enough to use one channel, because the mix would be silent for that second."""
    left, right = tone(40), tone(40)
    right[17 * 16_000 : 18 * 16_000] *= -1
    write_stereo(tmp_path / "a.wav", left, right)
    recording = inspect_recording(tmp_path / "a.wav")
    assert (recording.reading.channel, recording.damaged_s) == (0, 0.0)


def test_opposite_channels_are_reported_where_no_channel_has_everything(tmp_path: Path) -> None:
    """Two speakers in two channels are mixed, and a second in which the channels cancel is reported as lost."""
    speech, silence = tone(2), np.zeros(2 * 16_000, np.float32)
    write_stereo(
        tmp_path / "a.wav",
        np.concatenate([speech, silence, speech[:16_000]]),
        np.concatenate([silence, speech, -speech[:16_000]]),
    )
    recording = inspect_recording(tmp_path / "a.wav")
    assert (recording.reading.channel, recording.damaged_s) == (None, 1.0)


def test_two_speakers_in_two_channels_are_mixed(tmp_path: Path) -> None:
    """Channels that do not cancel are mixed as before, also if only one of them sounds at a time."""
    silence = np.zeros(16_000, np.float32)
    write_stereo(tmp_path / "a.wav", np.concatenate([tone(1), silence]), np.concatenate([silence, tone(1)]))
    assert inspect_recording(tmp_path / "a.wav").reading.channel is None
    write(tmp_path / "b.wav", tone(2), channels=2)
    assert inspect_recording(tmp_path / "b.wav").reading.channel is None


def write_stereo(path: Path, left: Any, right: Any) -> None:
    """A WAV file with these channels at 16 kHz."""
    with av.open(str(path), "w", format="wav") as file:
        stream: Any = file.add_stream("pcm_s16le", rate=16_000, layout="stereo")
        samples = np.round(np.stack([left, right], axis=1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def write_tracks(path: Path, tracks: Sequence[tuple[str, Sequence[int], bool]]) -> None:
    """A Matroska file with tracks of these languages and seconds; one may be the default."""
    with av.open(str(path), "w", format="matroska") as file:
        streams: list[Any] = [file.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in tracks]
        for stream, (language, _, is_default) in zip(streams, tracks, strict=True):
            stream.metadata["language"] = language
            stream.disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)
        for stream, (_, numbers, _) in zip(streams, tracks, strict=True):
            samples = np.round(numbered(numbers, 16_000) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples[None, :], "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("track", "expected"), [("", [4, 5]), ("1", [1]), ("2", [4, 5]), ("ger", [1]), ("eng", [4, 5])]
)
def test_audio_track_is_the_default_or_the_chosen_one(tmp_path: Path, track: str, expected: list[int]) -> None:
    """The default track is used, even if it is the second; a number or a language chooses another."""
    write_tracks(tmp_path / "a.mkv", [("ger", [1], False), ("eng", [4, 5], True)])
    recording = inspect_recording(tmp_path / "a.mkv", track)
    found = found_seconds(decode_all(tmp_path / "a.mkv", HEARD_RATE_HZ, recording.reading))
    assert [second.number for second in found] == expected
    assert (recording.tracks, recording.reading.track) == (2, 0 if expected == [1] else 1)
    assert not recording.clip().is_file


def _wav_of_24_bits_in_32(samples: Any) -> bytes:
    """A WAV as studio programs write it: the unused bits of each sample are zero."""
    content: bytes = (np.round(samples * (2**23 - 1)).astype("<i4") << 8).tobytes()
    integers = bytes.fromhex("0100000000001000800000aa00389b71")
    fields = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 64_000, 4, 32, 22, 24, 4) + integers
    chunks = b"WAVEfmt " + struct.pack("<I", 40) + fields + b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def test_samples_of_24_bits_in_32_keep_their_level(tmp_path: Path) -> None:
    """FFmpeg would take them for another format, 256 times as loud; the service may, so it gets other files."""
    (tmp_path / "a.wav").write_bytes(_wav_of_24_bits_in_32(tone(2)))
    recording = inspect_recording(tmp_path / "a.wav")
    assert (recording.duration_s, recording.damaged_s, recording.clip().is_file) == (2.0, 0.0, False)
    assert np.abs(decode_all(tmp_path / "a.wav", 16_000) - tone(2)).max() < 0.001


def test_a_wav_of_big_endian_samples_is_refused(tmp_path: Path) -> None:
    """FFmpeg would read its samples as noise."""
    write(tmp_path / "a.wav", tone(1))
    (tmp_path / "a.wav").write_bytes(b"RIFX" + (tmp_path / "a.wav").read_bytes()[4:])
    with pytest.raises(Unlistenable, match="big-endian"):
        inspect_recording(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", [_MP3, Kind("flac", "flac", 16000)], ids=lambda kind: kind.codec)
def test_a_long_tag_before_the_sound_is_passed_over(tmp_path: Path, kind: Kind) -> None:
    """A large cover picture makes a tag longer than what FFmpeg reads to recognize a format."""
    content = b"ID3\3\0\0\0\x7f\x7f\x7f" + b"\x55" * (2**21 - 1) + OddRecording(kind).content()
    (tmp_path / "a").write_bytes(content)
    recording = inspect_recording(tmp_path / "a")
    assert (round(recording.duration_s), recording.damaged_s) == (LENGTH_S, 0.0)


def test_unknown_audio_track_is_refused(tmp_path: Path) -> None:
    """The message names the tracks that there are."""
    write_tracks(tmp_path / "a.mkv", [("ger", [1], False), ("eng", [4], True)])
    with pytest.raises(Unlistenable, match=r"has no audio track 'fre'; it has 1 \(ger\), 2 \(eng\)"):
        inspect_recording(tmp_path / "a.mkv", "fre")


@pytest.mark.parametrize(
    ("name", "length_s"),
    [
        ("timelines/late.mkv", 9.04), ("timelines/late7.mkv", 83.5), ("timelines/gap15.mp4", 7.56),
        ("timelines/hole.webm", 37.19), ("pieces/joined.ogg", 33.19), ("pieces/dictaphone.wav", 33.23),
        ("mp3/joined_same.mp3", 9.09), ("mp3/garbage_back.mp3", 6.09), ("damaged-middle/noise_j.mp3", 10.82),
        ("damaged-middle/zeros_j.ogg", 11.0), ("sound-shorter-than-picture/short.mkv", 2.99),
        ("two-tracks/second_default.mkv", 3.03),
    ],
)  # fmt: skip
def test_reported_recordings(name: str, length_s: float) -> None:
    """Recordings that other programs were reported to lose speech of."""
    if not (_CASES / name).is_file():
        pytest.skip("the recordings are not here")
    recording = inspect_recording(_CASES / name)
    assert recording.duration_s == pytest.approx(length_s, abs=0.02)
    assert (recording.damaged_s > 0) == name.startswith(("mp3", "damaged"))


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (Kind("webm", "libopus", 48000, is_timed=True), "noise"),
        (Kind("matroska", "libmp3lame", 44100, is_timed=True), "cut"),
        (Kind("ogg", "libopus", 48000), "zeros"),
        (Kind("wav", "pcm_s16le", 16000), "cut"),
        (Kind("au", "pcm_s16be", 16000), "cut"),
        (_MP3, "cut"),
        (Kind("mp4", "aac", 44100, (), _FRAGMENTS), "noise"),
    ],
    ids=lambda value: f"{value.container}-{value.codec}" if isinstance(value, Kind) else value,
)
def test_damage_that_raises_no_error_is_reported(tmp_path: Path, kind: Kind, damage: str) -> None:
    """Where FFmpeg skips a part of a file without an error, or the file ends too early, the recording is `damaged`."""
    recording = inspected(tmp_path / "a", OddRecording(kind, damage=damage))
    assert recording.damaged_s > 0
    assert not recording.clip().is_file
    assert inspected(tmp_path / "b", OddRecording(kind)).damaged_s == 0
