"""Speech jobs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.encode import encode
from voicemill.audio.formats import AudioFormat
from voicemill.engine.speech.delivery import Delivery
from voicemill.engine.speech.speaking import Speech, Synthesizers, spoken
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.workers.frames import Frame

_FADE_S = 0.005
_synthesizers = Synthesizers()


def tts_bytes(question: dict[str, Any]) -> Iterator[Frame]:
    """One frame with the whole audio file."""
    format = AudioFormat(**question["format"])
    samples = _joined(speech_of(question), question["duration_s"])
    yield Frame({"duration_s": samples.size / format.sample_rate_hz}, encode(samples, format.sample_rate_hz, format))


def speech_of(question: dict[str, Any]) -> Speech:
    """What a question asks to be spoken."""
    return Speech(
        transcript=question["transcript"],
        language=question["language"],
        accent=question["accent"],
        timbre=Timbre(**{**question["timbre"], "eq_db": tuple(question["timbre"]["eq_db"])}),
        delivery=Delivery(**question["delivery"]),
        sample_rate_hz=question["format"]["sample_rate_hz"],
    )


def _joined(speech: Speech, duration_s: float | None) -> NDArray[np.float32]:
    most = None if duration_s is None else max(1, int(duration_s * speech.sample_rate_hz))
    blocks: list[NDArray[np.float32]] = []
    for utterance in spoken(speech, _synthesizers):
        blocks.append(utterance.samples)
        if most is not None and sum(block.size for block in blocks) >= most:
            return _cut(np.concatenate(blocks), most, speech.sample_rate_hz)
    return np.concatenate(blocks)


def _cut(samples: NDArray[np.float32], most: int, sample_rate_hz: int) -> NDArray[np.float32]:
    """The first `most` samples, faded out so that the cut does not click."""
    if samples.size <= most:
        return samples
    cut = samples[:most].copy()
    fade = min(most, int(_FADE_S * sample_rate_hz))
    cut[most - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return cut
