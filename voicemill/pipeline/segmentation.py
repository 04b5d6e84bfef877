"""Segment a row's recording before any call is billed: the segment boundaries are part of the calls."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from voicemill.config import LongAudio
from voicemill.model import Op, Reading, Recording, Refusal, Row, SourceAudio

MAX_UPLOAD_BYTES: Final = 2_000_000_000
"""The API accepts files of up to 2 GB."""

CutTimes = Callable[[Path, float, Reading], tuple[float, ...]]


def with_cuts(row: Row, long_audio: LongAudio, times: CutTimes | None = None) -> Row:
    """The row with its `boundaries_s` if its recording must be segmented, else the row itself.

    A recording that is too long or too large for one call is decoded once. The row is refused if the recording cannot
    be decoded, or if it is no longer as long as when it was inspected.
    """
    audio = row.source.audio
    if audio is None or not audio.sha256:
        return row
    # Imported here because PyAV is slow to import, and manifests of texts do not need it.
    from voicemill.audio.decode import UndecodableAudio
    from voicemill.audio.silence import cut_times

    times = times or cut_times
    try:
        match row.op:
            case Op.INFILL:
                return _with_boundaries(row, _gap(row.source, audio))
            case Op.STT:
                return _segmented(row, audio, long_audio.stt_call_s, times, sends_video=True)
            case _:
                return _segmented(row, audio, long_audio.voice_change_call_s, times, sends_video=False)
    except (UndecodableAudio, OSError) as error:
        return replace(row, refusal=Refusal("recording_unreadable", f"{audio.name} cannot be decoded: {error}"))


def _with_boundaries(row: Row, boundaries_s: tuple[float, ...]) -> Row:
    return replace(row, source=replace(row.source, boundaries_s=boundaries_s))


def _gap(source: SourceAudio, audio: Recording) -> tuple[float, ...]:
    if source.from_s is None or source.to_s is None:
        return ()
    from voicemill.audio.silence import gap_times

    return gap_times(Path(audio.path), source.from_s, source.to_s, audio.end_s, audio.reading)


def _segmented(row: Row, audio: Recording, longest_s: float, times: CutTimes, *, sends_video: bool) -> Row:
    if row.source.is_passage:
        return _with_passage(row, audio, longest_s, times)
    return _with_boundaries(row, _segments(audio, longest_s, times, sends_video=sends_video))


def _with_passage(row: Row, audio: Recording, longest_s: float, times: CutTimes) -> Row:
    """The row with the boundaries of its passage, which is split if it is too long for one call."""
    start_s, stop_s = row.source.passage_s
    if start_s >= stop_s:
        why = f"the passage starts at {start_s:g} s, but {audio.name} has only {audio.duration_s:.2f} s"
        return replace(row, refusal=Refusal("passage_outside", why))
    if stop_s - start_s <= longest_s:
        return _with_boundaries(row, (start_s, stop_s))
    boundaries_s = times(Path(audio.path), longest_s, audio.reading)
    pairs = zip(boundaries_s[::2], boundaries_s[1::2], strict=True)
    within = ((max(first_s, start_s), min(last_s, stop_s)) for first_s, last_s in pairs)
    found = tuple(moment_s for first_s, last_s in within if first_s < last_s for moment_s in (first_s, last_s))
    return _with_boundaries(row, found or (start_s, stop_s))


def _segments(audio: Recording, longest_s: float, times: CutTimes, *, sends_video: bool) -> tuple[float, ...]:
    if audio.end_s > longest_s:
        return times(Path(audio.path), longest_s, audio.reading)
    is_sent_as_sound = audio.size_bytes > MAX_UPLOAD_BYTES or (audio.has_video and not sends_video)
    return (0.0, audio.end_s) if is_sent_as_sound else ()
