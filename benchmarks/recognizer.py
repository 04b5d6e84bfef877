"""An independent recognizer (pocketsphinx, US English) to verify that audio contains its text."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import jiwer
import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

RATE_HZ = 16_000
_LONGEST_UTTERANCE_S = 20.0
_FRAME_S = 0.02
_DITHER = 10 ** (-32 / 20)
_LANGUAGE_WEIGHTS = {"lw": 5.5, "fwdflatlw": 7.0, "bestpathlw": 9.0}


def word_error_rate(reference: str | Iterable[str], transcript: str | Iterable[str]) -> float:
    """The word error rate of one text or of several (jiwer)."""
    return float(jiwer.wer(_texts(reference), _texts(transcript)))


def transcribe(path: Path) -> str:
    """The transcript of an audio file, in lower-case words."""
    return transcribe_samples(read(path))


def transcribe_samples(samples: NDArray[np.float32]) -> str:
    """The transcript of mono samples at `RATE_HZ`."""
    decoder = _decoder()
    decoder.reinit_feat()  # Otherwise an earlier recording would influence the recognition of this one.
    return " ".join(_recognize(decoder, utterance) for utterance in _utterances(samples))


@cache
def _decoder() -> Decoder:
    """The recognizer, which takes half a second to load."""
    return Decoder(samprate=RATE_HZ, loglevel="FATAL", **_LANGUAGE_WEIGHTS)


def _texts(texts: str | Iterable[str]) -> list[str]:
    return [_words(text) for text in ([texts] if isinstance(texts, str) else texts)]


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower().replace("’", "'").replace("-", " ")))


def read(path: Path) -> NDArray[np.float32]:
    """The samples of an audio file, mono at `RATE_HZ`."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        blocks = [
            resampled.to_ndarray()[0]
            for frame in [*container.decode(audio=0), None]
            for resampled in resampler.resample(frame)
        ]
    return np.concatenate(blocks).astype(np.float32)


def _utterances(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Split at the quietest frame in the second half of each segment, so that no word is split."""
    frame = round(_FRAME_S * RATE_HZ)
    longest = round(_LONGEST_UTTERANCE_S * RATE_HZ)
    utterances = []
    while len(samples) > longest:
        half = samples[longest // 2 : longest]
        levels = np.square(half[: len(half) // frame * frame]).reshape(-1, frame).sum(axis=1)
        smooth = np.convolve(levels, np.ones(15), mode="same")
        cut = longest // 2 + int(np.argmin(smooth)) * frame
        utterances.append(samples[:cut])
        samples = samples[cut:]
    return [*utterances, samples]


def with_dither(samples: NDArray[np.float32]) -> bytes:
    """16-bit samples at an even level with quiet noise: digital silence breaks the recognizer's noise estimate."""
    level = float(np.sqrt(np.mean(np.square(samples)))) or 1.0
    noise = np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    noisy = (samples / level + noise * _DITHER) * 0.1
    return (np.clip(noisy, -1, 1) * 32767).astype("<i2").tobytes()


def _recognize(decoder: Decoder, samples: NDArray[np.float32]) -> str:
    decoder.start_utt()
    decoder.process_raw(with_dither(samples), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""
