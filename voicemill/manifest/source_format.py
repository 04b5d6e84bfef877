"""The format of files that keep the format of their recording, because the row does not give one."""

from typing import Final

from voicemill.manifest.input_cells import Inputs
from voicemill.manifest.parameters import Parameters
from voicemill.model import Op, Recording
from voicemill.model.audio_formats import SourceFormat

_SOUND_OF_PICTURES: Final = {"mp4": "aac", "mov": "aac", "mkv": "opus", "webm": "opus"}
_DECODED_BY: Final = {
    "mp3": "mp3",
    "mp3float": "mp3",
    "aac": "aac",
    "opus": "opus",
    "libopus": "opus",
    "flac": "flac",
}
"""Codecs that can be encoded again, by FFmpeg's name of the decoder."""
_OPUS_HZ: Final = 48000
_COMPRESSED: Final = frozenset({"flac", "mp3", "m4a", "ogg"})


def source_format(parameters: Parameters, inputs: Inputs) -> SourceFormat | None:
    """The format of a row's file where it is that of its recording; None where the file is audio of the API's formats.

    A video that is converted to another voice stays a video, unless a container is given or only a passage of it is
    converted. A recording with a replaced passage keeps its format, unless any of the format is given.
    """
    recording, output = inputs.source.audio, parameters.output
    if recording is None or output.format is None:
        return None
    if parameters.op is Op.VOICE_CHANGE and recording.has_video and "container" not in parameters.said_of_format:
        if inputs.source.is_passage:
            return None
        return _with_picture(recording, output.format.sample_rate_hz)
    if parameters.op is Op.INFILL and output.splice and not parameters.said_of_format:
        return _of_sound(recording)
    return None


def _with_picture(recording: Recording, sample_rate_hz: int) -> SourceFormat | None:
    encoding = _SOUND_OF_PICTURES.get(recording.container)
    if encoding is None:
        return None
    return SourceFormat(recording.container, _OPUS_HZ if encoding == "opus" else sample_rate_hz, encoding)


def _of_sound(recording: Recording) -> SourceFormat | None:
    if recording.has_video or not recording.sample_rate_hz:
        return None
    if recording.container == "wav" and recording.encoding.startswith("pcm_"):
        return SourceFormat("wav", recording.sample_rate_hz, recording.encoding)
    encoding = _DECODED_BY.get(recording.encoding)
    if recording.container in _COMPRESSED and encoding:
        return SourceFormat(recording.container, recording.sample_rate_hz, encoding)
    return None
