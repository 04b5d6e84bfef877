"""WAV files from samples."""

import io
import wave
from typing import Any

import numpy as np


def wav_of(samples: np.ndarray[Any, Any], rate: int = 16000) -> bytes:
    """16-bit mono samples as a WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()
