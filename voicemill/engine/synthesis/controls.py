"""A request's controls (speed, volume, emotion) resolved to factors."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from voicemill.engine.refusals import bad_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Relative to the voice: factors on rate, intonation and loudness, and semitones of pitch."""

    rate: float = 1.0
    pitch_semitones: float = 0.0
    intonation: float = 1.0
    volume: float = 1.0


SPEED_FACTORS: Final = {"slow": 0.8, "normal": 1.0, "fast": 1.25}
EXPERIMENTAL_SPEEDS: Final = {"slowest": -1.0, "slow": -0.5, "normal": 0.0, "fast": 0.5, "fastest": 1.0}
SLOWEST, FASTEST = 0.6, 1.5
LEVELS: Final = {"lowest": 0.25, "low": 0.5, "high": 1.25, "highest": 1.6}


def delivery(*, rates: Iterable[float] = (), volume: float = 1.0, emotions: Iterable[str] = ()) -> Delivery:
    """All controls together; factors multiply. Raises `Refusal` (400) for an unknown emotion."""
    result = Delivery(volume=volume)
    for factor in rates:
        result = _with(result, rate=factor)
    for emotion in emotions:
        result = _with_emotion(result, emotion)
    return result


def experimental_rate(speed: float | str) -> float:
    """The rate of `__experimental_controls.speed`: -1 is the slowest, 0 normal, 1 the fastest."""
    if isinstance(speed, str):
        speed = EXPERIMENTAL_SPEEDS[speed]
    return float(FASTEST**speed if speed >= 0 else SLOWEST**-speed)


def _with_emotion(result: Delivery, emotion: str) -> Delivery:
    name, _, level = emotion.strip().lower().partition(":")
    effect = _emotions().get(name)
    if effect is None or (level and level not in LEVELS):
        raise bad_request(
            f"emotion is {emotion!r}, but must be one of {', '.join(_emotions())}, "
            f"alone or with a strength: {', '.join(f':{level}' for level in LEVELS)}."
        )
    strength = LEVELS.get(level, 1.0)
    factors = {key: effect.get(key, 1.0) ** strength for key in ("rate", "intonation", "volume")}
    return _with(result, pitch_semitones=effect.get("pitch_semitones", 0.0) * strength, **factors)


def _with(
    result: Delivery, *, rate: float = 1.0, pitch_semitones: float = 0.0, intonation: float = 1.0, volume: float = 1.0
) -> Delivery:
    return Delivery(
        rate=result.rate * rate,
        pitch_semitones=result.pitch_semitones + pitch_semitones,
        intonation=result.intonation * intonation,
        volume=result.volume * volume,
    )


@cache
def _emotions() -> dict[str, dict[str, float]]:
    text = files("voicemill.engine.synthesis").joinpath("emotions.toml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, Any]] = tomllib.loads(text)
    by_name: dict[str, dict[str, float]] = {}
    for name, effect in entries.items():
        for alias in [name, *effect.pop("also", [])]:
            by_name[alias] = effect
    return by_name
