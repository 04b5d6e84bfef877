"""Inspect an audio file before it is sent: its decoded length, its digest, and whether it is audio at all."""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from av.container import InputContainer
from av.stream import Disposition

from voicemill.audio.blocks import planar_blocks
from voicemill.audio.decode import UndecodableAudio, opened_container
from voicemill.audio.inspection.appended import ReadPart, appended_bytes
from voicemill.audio.inspection.boxes import has_broken_boxes, has_missing_fragments
from voicemill.audio.inspection.caf_chunks import lasts_to_the_end
from voicemill.audio.inspection.complaints import Complaints
from voicemill.audio.inspection.misread import misread_bytes
from voicemill.audio.inspection.phase import PhaseMeter
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.audio.inspection.wav_chunks import states_no_length
from voicemill.audio.opened_file import head_of, replacement
from voicemill.audio.playback import PlacedFrame, Playback, is_cover
from voicemill.model.recordings import Reading, Recording

_AV_TIME_BASE = 1_000_000
_EBML_HEADER_BYTES = 64
_UPLOADED_CONTAINERS: Final = frozenset({"flac", "m4a", "mp3", "mp4", "mpeg", "ogg", "wav", "webm"})
"""What the API takes, by our names of the containers."""
_CLAIM_SLACK_S: Final = 0.25
"""How far the length that a container claims may be from the decoded length: a codec pads the last frame."""
_TRACK_LENGTH: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
"""The end of a Matroska track, in a tag that most programs write."""
_LEAST_DAMAGE_S: Final = 0.02
"""Reported for damage whose length is unknown: about one frame of a codec."""
_FRAMES_PER_REPORT: Final = 5000


def _ignore() -> None:
    pass


def inspect_recording(path: Path, track: str = "", on_progress: Callable[[], None] = _ignore) -> Recording:
    """Decode and hash the audio file at `path`. Opens regular files only.

    `track` is the number of an audio track, from 1, or its language; empty is the default track.
    `on_progress` is called about once for every two minutes of audio. Raises `Unlistenable`.
    """
    try:
        with _opened(path) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if not size_bytes:
                raise Unlistenable("is empty; give a file with audio", "empty_file")
            complaints = Complaints()
            with complaints.collected():
                recording, read = _decoded(file, track, on_progress)
            has_no_length = states_no_length(file) or lasts_to_the_end(file)
            has_complaint = complaints.names_damage and not has_no_length
            has_broken_part = has_broken_boxes(file) or has_missing_fragments(file)
            recording = _with_unread_part(recording, complaints, is_damaged=has_complaint or has_broken_part)
            recording = _with_second_file(recording, file, read)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except UndecodableAudio as error:
        raise Unlistenable(f"cannot be used: {error}; convert it or remove it", "not_audio") from None
    except (OSError, ValueError) as error:
        raise error if isinstance(error, Unlistenable) else _unreadable(error) from None
    return replace(recording, path=str(path.absolute()), sha256=digest, size_bytes=size_bytes)


def _with_unread_part(recording: Recording, complaints: Complaints, *, is_damaged: bool) -> Recording:
    """The recording, reported as damaged if FFmpeg skipped a part of the file or met its end too early."""
    missing_s = recording.claimed_s - recording.duration_s
    is_short = complaints.names_length and missing_s > _CLAIM_SLACK_S
    if recording.damaged_s or not (is_damaged or is_short):
        return recording
    return _damaged(recording, max(missing_s, _LEAST_DAMAGE_S))


def _with_second_file(recording: Recording, file: BinaryIO, read: ReadPart) -> Recording:
    """The recording, reported as damaged if FFmpeg ignores or misreads sound at the end; its bytes give its seconds."""
    lost_bytes = appended_bytes(file, recording.container, read)
    lost_bytes = lost_bytes or misread_bytes(file, recording.container, recording.reading.track)
    lost_s = recording.duration_s * lost_bytes / max(read.last_packet.stop, 1)
    return _damaged(recording, lost_s - recording.damaged_s) if lost_s > recording.damaged_s else recording


def _damaged(recording: Recording, lost_s: float) -> Recording:
    damaged_s = round(recording.damaged_s + lost_s, 3)
    return replace(recording, damaged_s=damaged_s, reading=replace(recording.reading, is_uploadable=False))


def _opened(path: Path) -> BufferedReader:
    # Without blocking: a pipe must not stop the inspection.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unlistenable("is not a file but a folder or a device; give an audio file", "not_a_file")
    return os.fdopen(descriptor, "rb")


def _decoded(file: BinaryIO, wanted: str, on_progress: Callable[[], None]) -> tuple[Recording, ReadPart]:
    """The recording, and which part of the file it was read from."""
    head = head_of(file)
    is_webm = b"webm" in head[:_EBML_HEADER_BYTES]
    has_odd_header = replacement(head) is not None
    with opened_container(file) as container:
        if not container.streams.audio:
            raise Unlistenable("has no audio; give a file with speech", "not_audio")
        has_video = any(not is_cover(stream) for stream in container.streams.video)
        name = _container_name(container, has_video=has_video, is_webm=is_webm)
        track = _track(container, wanted)
        playback = Playback(container, track)
        encoding = playback.stream.codec_context.name
        frames = _Frames(playback, on_progress)
        channel, lost_s = _channel(playback, frames)
        if not playback.position:
            raise Unlistenable("has only silence; give a file with speech", "not_audio")
        duration_s = playback.position / playback.sample_rate_hz
        claimed_s = _claimed_s(container, playback) or frames.seconds
        surplus_s = claimed_s - duration_s
        is_whole = abs(surplus_s) <= _CLAIM_SLACK_S and not playback.damaged_s and not lost_s
        is_alone = name in _UPLOADED_CONTAINERS and len(container.streams.audio) == 1 and not has_odd_header
        reading = _reading(playback, track, channel, can_be_sent=is_whole and is_alone)
        recording = Recording(
            duration_s=duration_s,
            claimed_s=claimed_s if surplus_s >= -_CLAIM_SLACK_S and not reading.variant else 0.0,
            damaged_s=round(playback.damaged_s + lost_s, 3),
            has_video=has_video,
            container=name,
            encoding=encoding,
            sample_rate_hz=playback.sample_rate_hz,
            tracks=len(container.streams.audio),
            channels=playback.stream.codec_context.channels,
            language=playback.stream.language or "",
            reading=reading,
        )
        return recording, ReadPart(playback.last_packet, is_only_stream=len(container.streams) == 1)


def _reading(playback: Playback, track: int, channel: int | None, *, can_be_sent: bool) -> Reading:
    """How the recording is read. A file is sent as it is only if its container allows that, and nothing is changed."""
    is_plain = playback.is_regular and not playback.is_damaged_inside
    return Reading(
        track=track,
        channel=channel,
        is_plain=is_plain,
        is_uploadable=can_be_sent and is_plain and channel is None,
        samples=playback.position,
        sample_rate_hz=playback.sample_rate_hz,
        marks=playback.marks,
    )


def _track(container: InputContainer, wanted: str) -> int:
    """The index of the wanted audio track, or of the default one. Raises `Unlistenable` if there is no such track."""
    tracks = container.streams.audio
    if not wanted:
        return next((index for index, track in enumerate(tracks) if track.disposition & Disposition.default), 0)
    for index, track in enumerate(tracks):
        if wanted == str(index + 1) or (track.language or "").casefold() == wanted.casefold():
            return index
    found = ", ".join(f"{index} ({track.language or 'no language'})" for index, track in enumerate(tracks, 1))
    raise Unlistenable(f"has no audio track {wanted!r}; it has {found}", "no_such_track")


class _Frames:
    """The frames of a track, with reports of progress, and the seconds that they last."""

    def __init__(self, playback: Playback, on_progress: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._playback = playback
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[PlacedFrame]:
        for number, placed in enumerate(self._playback.frames()):
            if number % _FRAMES_PER_REPORT == 0:
                self._on_progress()
            self.seconds += placed.frame.samples / placed.frame.sample_rate
            yield placed


def _channel(playback: Playback, frames: Iterable[PlacedFrame]) -> tuple[int | None, float]:
    """Decode everything, and return the only channel to use if mixing all of them would cancel them.

    The second value is how many seconds are lost in either case.
    """
    if playback.stream.codec_context.channels < 2:
        for _ in frames:
            pass
        return None, 0.0
    meter: PhaseMeter | None = None
    for block in planar_blocks(frames):
        meter = meter or PhaseMeter(playback.sample_rate_hz)
        meter.add(block)
    return meter.best_channel() if meter else (None, 0.0)


def _container_name(container: InputContainer, *, has_video: bool, is_webm: bool) -> str:
    """FFmpeg's name, which is the same for all kinds of MP4, and for WebM and Matroska, made more precise."""
    name = container.format.name.partition(",")[0]
    if name == "mov":
        brand = container.metadata.get("major_brand", "").strip()
        return "mov" if brand == "qt" else "mp4" if has_video else "m4a"
    if name == "matroska":
        return "webm" if is_webm else "mkv"
    return name


def _claimed_s(container: InputContainer, playback: Playback) -> float:
    """The length that the container states, 0 if it states none. A video track may be longer than the audio track."""
    stream = playback.stream
    if stated := _TRACK_LENGTH.match(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = stated.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds) - playback.origin_s
    if playback.stated_s:
        return playback.stated_s
    if container.duration is not None:
        return container.duration / _AV_TIME_BASE
    return 0.0


def _unreadable(error: Exception) -> Unlistenable:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        return Unlistenable("does not exist; give its path from the manifest's folder, or in full", "missing")
    if number in (errno.EACCES, errno.EPERM):
        return Unlistenable("is not readable for you; give yourself permission (chmod u+r)", "unreadable")
    if number == errno.ENXIO:
        return Unlistenable("is not a file but a device; give an audio file", "not_a_file")
    return Unlistenable(f"cannot be read ({error}); check the path", "unreadable")
