"""From findings to a verdict."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voicemill.model import Finding, State, Verdict, Word
from voicemill.quality import signals, versions
from voicemill.quality.pool import CheckFailed, CheckPool

_WEIGHTS: Final = {
    "silent": 1.0, "other_words": 0.9, "stuck": 0.6, "too_fast": 0.6, "too_slow": 0.6, "missing": 0.5, "repeated": 0.5,
    "different": 0.5, "long_silence": 0.4, "truncated": 0.4, "unclear": 0.4, "added": 0.4,
}  # fmt: skip
_OTHER_WEIGHT: Final = 0.3
_GUIDED_LANGUAGE: Final = "en"
_ENDED: Final = "the checking process ended"
_LOOPING: Final = "repetition"
_ADDITIONS: Final = ("added", "repeated")

VERSION: Final = f"{signals.VERSION}.{versions.GUIDED}"
"""The version of the checks: a verdict of another version is computed again."""

Floats = NDArray[np.float32]


class Recognized(NamedTuple):
    """The words of a transcription in `language` of `end_s` seconds of audio; `flags` are the recognizer's doubts."""

    words: Sequence[Word]
    language: str
    end_s: float
    flags: tuple[str, ...] = ()


def signals_verdict(samples: Floats, rate_hz: int, text: str) -> Verdict:
    """The verdict of the signals alone on `samples`, mono in -1..1, which should say `text`."""
    return verdict_of(signals.signal_findings(samples, rate_hz, text))


def guided_verdict(
    samples: Floats, rate_hz: int, text: str, language: str, pool: CheckPool, allowed: Sequence[str] = ()
) -> Verdict:
    """The verdict of signals and guided decoding. Without signals that are bad, other languages are inconclusive."""
    found = signals.signal_findings(samples, rate_hz, text)
    end_s = round(samples.size / rate_hz, 2)
    if found or not text.strip():
        return verdict_of(found)
    if language != _GUIDED_LANGUAGE:
        return inconclusive("language", end_s, f"guided decoding does not know {language!r}")
    try:
        return verdict_of(pool.findings(samples, rate_hz, text, allowed))
    except CheckFailed:
        return inconclusive("check_failed", end_s, _ENDED)


def transcribed_verdict(text: str, found: Recognized, pool: CheckPool, allowed: Sequence[str] = ()) -> Verdict:
    """The verdict on a transcription of audio that should say `text`."""
    try:
        findings = pool.compared(text, found.language, found.words, found.end_s, allowed)
    except CheckFailed:
        return inconclusive("check_failed", found.end_s, _ENDED)
    if findings and _LOOPING in found.flags and all(finding.reason in _ADDITIONS for finding in findings):
        return inconclusive("recognizer", found.end_s, "the recognizer repeated itself")
    return verdict_of(findings)


def inconclusive(reason: str, end_s: float, detail: str) -> Verdict:
    """The verdict of a check that could not decide."""
    return Verdict(State.INCONCLUSIVE, (Finding(reason, 0.0, end_s, detail),), 0.5)


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """The verdict that these findings lead to: bad if there is one."""
    penalty = sum(_WEIGHTS.get(finding.reason, _OTHER_WEIGHT) for finding in findings)
    state = State.BAD if findings else State.OK
    return Verdict(state, tuple(findings), round(max(0.0, 1.0 - penalty), 4))
