"""An independent listener: pocketsphinx, which knows nothing of how the speech was made."""

import re

import jiwer
import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

HEARING_RATE_HZ = 16_000
LANGUAGE_WEIGHT = 5.5
# Digital silence breaks pocketsphinx's noise floor: 78 % of words wrong on clean synthetic speech, 13 to 26 % so.
DITHER_DB = -32.0


class Recogniser:
    """Hears one utterance at a time, at 16 kHz."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=HEARING_RATE_HZ, lw=LANGUAGE_WEIGHT, loglevel="FATAL")

    def hear(self, samples: NDArray[np.float32]) -> str:
        """The words, in lower case."""
        noise = np.random.default_rng(0).standard_normal(samples.size) * 10 ** (DITHER_DB / 20)
        audible = 0.1 * (samples / np.sqrt(np.mean(np.square(samples))) + noise)
        self._decoder.start_utt()
        self._decoder.process_raw((np.clip(audible, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        return heard.hypstr if heard else ""


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Wrong, missing and added words as a share of those said."""
    return float(jiwer.wer([_plain(text) for text in said], [_plain(text) for text in heard]))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))
