"""How something is to be said: the request's controls, resolved to factors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Against a voice's own manner: factors on rate, intonation and loudness, and semitones of pitch."""

    rate: float = 1.0
    pitch_semitones: float = 0.0
    intonation: float = 1.0
    volume: float = 1.0
