"""The cells that say how a text is spoken: speed and emotion, which depend on the model."""

import math
from typing import Final

from voicemill.manifest.problems import CellReport, Choice
from voicemill.manifest.service_catalog import EMOTIONS, OLDER_EMOTION_LEVELS, OLDER_EMOTIONS, takes_factor
from voicemill.model import Speed

SLOWEST_FACTOR = 0.6
FASTEST_FACTOR = 1.5
_MAX_EMOTION_CHARACTERS = 100
_WORDS: Final[dict[str, Speed]] = {"slow": "slow", "normal": "normal", "fast": "fast"}


def speed(choice: Choice, model: str, report: CellReport) -> Speed | None:
    """`slow`, `normal`, `fast`, or a factor of 0.6 to 1.5 if the model supports it; None if no speed is given."""
    text = choice.text.casefold()
    if not text:
        return None
    if text in _WORDS:
        return _WORDS[text]
    factor = _factor(text)
    if factor is None:
        report.problem("speed", f"{choice.text!r} is not a speed; {_speed_remedy(text, model)}", choice)
    elif not takes_factor(model):
        report.problem(
            "speed",
            f"the model {model!r} does not support the factor {choice.text}; use slow, normal or fast, or sonic-3",
            choice,
        )
    elif not SLOWEST_FACTOR <= factor <= FASTEST_FACTOR:
        report.problem(
            "speed", f"{choice.text} is out of range; use {SLOWEST_FACTOR} (slow) to {FASTEST_FACTOR} (fast)", choice
        )
    else:
        # A 32-bit 1.1 from Parquet is 1.10000002, and must give the same call as 1.1.
        return round(factor, 4)
    return None


def emotion(choice: Choice, model: str, report: CellReport) -> tuple[str, ...]:
    """One free phrase for sonic-3 and later; for older models a list such as `positivity:high, curiosity`."""
    if not choice.text:
        return ()
    if not takes_factor(model):
        return tuple(part for item in choice.text.split(",") if (part := _older_emotion(item, choice, report)))
    if len(choice.text) > _MAX_EMOTION_CHARACTERS or not choice.text.isprintable():
        report.problem("emotion", f"use one word of at most {_MAX_EMOTION_CHARACTERS} letters, such as calm", choice)
    elif choice.text.casefold() not in EMOTIONS:
        report.warn("emotion", f"{choice.text!r} is not among the documented emotions, such as {_some_emotions()}")
    return (choice.text,)


def _factor(text: str) -> float | None:
    try:
        factor = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return factor if math.isfinite(factor) else None


def _speed_remedy(text: str, model: str) -> str:
    words = "use slow, normal or fast"
    if not takes_factor(model):
        return words
    for factor, ending in ((_factor(text.replace(",", ".")), ""), (_factor(text.rstrip("x×")), "")):
        if factor is not None:
            return f"write {factor:g}{ending}"
    percent = _factor(text.rstrip("% ")) if text.endswith("%") else None
    if percent is not None:
        return f"write {percent / 100:g}"
    return f"{words}, or a factor of {SLOWEST_FACTOR} to {FASTEST_FACTOR}"


def _older_emotion(item: str, choice: Choice, report: CellReport) -> str:
    part = item.strip().casefold()
    name, colon, level = part.partition(":")
    if name not in OLDER_EMOTIONS:
        report.problem(
            "emotion", f"{item.strip()!r} is not an emotion of this model; use {', '.join(OLDER_EMOTIONS)}", choice
        )
    elif colon and level not in OLDER_EMOTION_LEVELS:
        report.problem(
            "emotion", f"{level!r} is not a level of {name}; use {', '.join(OLDER_EMOTION_LEVELS)}, or none", choice
        )
    return part


def _some_emotions() -> str:
    return "neutral, calm, happy, excited, sad, angry, scared"
