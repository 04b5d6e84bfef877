"""The audio formats of the API, which are defined in `voicemill.model.audio_formats`."""

from voicemill.model.audio_formats import (
    BIT_RATES_BPS,
    BYTES_PER_SAMPLE,
    CONTAINERS,
    DEFAULT_BIT_RATE_BPS,
    DEFAULT_ENCODING,
    ENCODINGS,
    SAMPLE_RATES_HZ,
    AudioFormat,
    Container,
    Encoding,
    KeptFormat,
)

__all__ = [
    "BIT_RATES_BPS",
    "BYTES_PER_SAMPLE",
    "CONTAINERS",
    "DEFAULT_BIT_RATE_BPS",
    "DEFAULT_ENCODING",
    "ENCODINGS",
    "SAMPLE_RATES_HZ",
    "AudioFormat",
    "Container",
    "Encoding",
    "KeptFormat",
]
