"""The audio formats of the API: its containers, encodings and rates, and their valid combinations.

Source: the `output_format` of Cartesia's HTTP API (`/tts/bytes`). All audio is mono; the API has no channel field.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Container = Literal["wav", "raw", "mp3"]
Encoding = Literal["pcm_f32le", "pcm_s16le", "pcm_mulaw", "pcm_alaw"]

CONTAINERS: Final[tuple[str, ...]] = get_args(Container)
ENCODINGS: Final[tuple[str, ...]] = get_args(Encoding)
SAMPLE_RATES_HZ: Final = (8000, 16000, 22050, 24000, 44100, 48000)
BIT_RATES_BPS: Final = (32000, 64000, 96000, 128000, 192000)
BYTES_PER_SAMPLE: Final[dict[str, int]] = {"pcm_f32le": 4, "pcm_s16le": 2, "pcm_mulaw": 1, "pcm_alaw": 1}

DEFAULT_ENCODING: Final[Encoding] = "pcm_s16le"
DEFAULT_BIT_RATE_BPS: Final = 128000
_DEEP: Final = frozenset({"pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_f64le"})
"""Encodings with more than 16 bits per sample."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One `output_format`: `wav` and `raw` have an encoding, `mp3` has a bit rate, never both.

    Raises `ValueError` with the invalid field and its allowed values.
    """

    container: Container
    sample_rate_hz: int
    encoding: Encoding | None = None
    bit_rate_bps: int | None = None

    def __post_init__(self) -> None:
        _one_of("container", self.container, CONTAINERS)
        _one_of("sample_rate", self.sample_rate_hz, SAMPLE_RATES_HZ)
        if self.container == "mp3":
            _one_of("bit_rate", self.bit_rate_bps, BIT_RATES_BPS)
            _absent("encoding", self.encoding, "mp3")
        else:
            _one_of("encoding", self.encoding, ENCODINGS)
            _absent("bit_rate", self.bit_rate_bps, self.container)

    @property
    def extension(self) -> str:
        """The file name extension with its dot; `.pcm` for headerless samples."""
        return {"wav": ".wav", "raw": ".pcm", "mp3": ".mp3"}[self.container]


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """The format of an output file that keeps the format of its source recording, which the API may not support.

    `container` is `wav`, `flac`, `mp3`, `m4a`, `ogg`, `mp4`, `mov`, `mkv` or `webm`; `encoding` is the codec's name.
    """

    container: str
    sample_rate_hz: int
    encoding: str

    @property
    def extension(self) -> str:
        """The file name extension with its dot."""
        return f".{self.container}"

    @property
    def request_format(self) -> AudioFormat:
        """The format to request from the service: lossless, at the file's sample rate or the next higher one."""
        enough = [rate_hz for rate_hz in SAMPLE_RATES_HZ if rate_hz >= self.sample_rate_hz]
        is_deep = self.encoding in _DEEP
        return AudioFormat("wav", (enough or SAMPLE_RATES_HZ[-1:])[0], "pcm_f32le" if is_deep else DEFAULT_ENCODING)


def _one_of(field: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{field} is {value!r}, but must be one of {', '.join(map(str, allowed))}")


def _absent(field: str, value: object, container: str) -> None:
    if value is not None:
        raise ValueError(f"{field} is {value!r}, but {container} has no {field}")
