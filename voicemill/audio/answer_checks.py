"""Whether an answer is the requested speech: complete, in the requested format, audible, of a plausible length."""

from collections.abc import Sequence

import numpy as np

from voicemill.audio.join import Samples, read_samples
from voicemill.audio.wav_header import NotWav, TruncatedWav
from voicemill.errors import BadAnswer, Incomplete, NoAudio
from voicemill.model import Infill, Tts, VoiceChange, Word
from voicemill.model.service_tags import without_tags

_QUICKEST_LETTERS_PER_S = 60
"""Speech has about 12 letters a second, and hurried speech twice as many. Five times as many cannot be speech."""

_LONGEST_CONVERSION = 1.5
_SLACK_S = 0.25
"""A converted recording keeps its timing. One that is 1.5 times as long or short cannot be right."""

_WORD_SLACK_S = 0.1

_SILENCE = 10 ** (-60 / 20)

_FEW = 400
"""The number of evenly spread samples that are searched for speech first. For so few, NumPy does not release the
interpreter's lock, for which the event loop would then have to compete with the storage threads."""


def verify_speech(body: bytes, call: Tts | Infill, *, framed: bool) -> float:
    """The duration in seconds of a good answer.

    `framed`: HTTP marked the end of the body. Raises `Incomplete` for a truncated body, `BadAnswer` for one
    that is not the requested speech.
    """
    samples, duration_s = _verified_samples(body, call, framed=framed)
    _verify_sound(samples)
    letters = sum(character.isalnum() for character in without_tags(call.transcript))
    if duration_s * _QUICKEST_LETTERS_PER_S < letters:
        raise BadAnswer(f"the answer lasts {duration_s:.2f} s, too short for {letters} letters")
    return duration_s


def verify_change(body: bytes, call: VoiceChange, *, framed: bool) -> float:
    """The duration in seconds of a good answer, which is about that of the clip; silence may stay silent.

    Raises as `verify_speech` does.
    """
    samples, duration_s = _verified_samples(body, call, framed=framed)
    if not len(samples) or not np.isfinite(float(samples.max())):
        raise BadAnswer("the answer has no audible samples")
    if (
        not call.clip.duration_s / _LONGEST_CONVERSION
        <= duration_s + _SLACK_S
        <= call.clip.duration_s * _LONGEST_CONVERSION + 1
    ):
        raise BadAnswer(f"the answer lasts {duration_s:.2f} s, the recording {call.clip.duration_s:.2f} s")
    return duration_s


def verify_words(words: Sequence[Word], duration_s: float) -> tuple[Word, ...]:
    """The words of a good answer, within its `duration_s`. Raises `BadAnswer` for times outside of the audio."""
    latest_s = duration_s + _WORD_SLACK_S
    for word in words:
        if not -_WORD_SLACK_S <= word.start_s <= word.end_s <= latest_s:
            times = f"{word.start_s:.2f} to {word.end_s:.2f} s"
            raise BadAnswer(f"a word has the times {times}, outside of the {duration_s:.2f} s of the answer")
    return tuple(
        Word(word.word, min(max(word.start_s, 0.0), duration_s), min(max(word.end_s, 0.0), duration_s))
        for word in words
    )


def _verified_samples(body: bytes, call: Tts | Infill | VoiceChange, *, framed: bool) -> tuple[Samples, float]:
    try:
        samples, info = read_samples(body)
    except TruncatedWav as fault:
        raise Incomplete(f"the answer is not usable audio: {fault}", billed="unknown") from None
    except NotWav as fault:
        raise NoAudio(f"the answer is not usable audio: {fault}", billed="unknown") from None
    except ValueError as fault:
        raise BadAnswer(f"the answer is not usable audio: {fault}", billed="unknown") from None
    if not info.sized and not framed:
        raise Incomplete("the end of the answer cannot be distinguished from a broken connection", billed="unknown")
    if (info.encoding, info.sample_rate_hz) != (call.encoding, call.sample_rate_hz):
        found = f"{info.encoding} at {info.sample_rate_hz} Hz"
        raise BadAnswer(
            f"the answer is {found}, not the {call.encoding} at {call.sample_rate_hz} Hz that was requested"
        )
    return samples, info.duration_s


def _verify_sound(samples: Samples) -> None:
    if not len(samples):
        raise BadAnswer("the answer contains no samples")
    is_float = samples.dtype.kind == "f"
    if is_float and not np.isfinite(float(samples.sum(dtype=np.float64))):
        raise BadAnswer("the answer contains samples that are not numbers")
    threshold = _SILENCE if is_float else _SILENCE * 32768
    few = samples[:: len(samples) // _FEW + 1]
    if _peak(few) < threshold and _peak(samples) < threshold:
        raise BadAnswer("the answer is silent")


def _peak(samples: Samples) -> float:
    return max(float(samples.max()), -float(samples.min()))
