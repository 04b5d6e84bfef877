"""Faults that the samples of a passage show without its words: silence, clipping, a cut end, a stuck sound, its rate.

Thresholds were set on the tuning passages of `benchmarks.quality`; the figures are in docs/quality.md.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.model import Finding
from voicemill.model.service_tags import parts, without_tags
from voicemill.quality.stuck import stuck_findings

Floats = NDArray[np.float32]

VERSION: Final = 3
"""The version of these checks; part of what a stored verdict depends on."""

_HOP_S: Final = 0.01
_SILENT_DB: Final = -55.0
_ACTIVE_BELOW_PEAK_DB: Final = 35.0
_LONGEST_PAUSE_S: Final = 1.4
_LONGEST_EDGE_S: Final = 2.5
_FULL_SCALE: Final = 0.9995
_CLIPPED_SHARE: Final = 0.002
_CUT_END_S: Final = 0.02
_ABOVE_NOISE_DB: Final = 10.0
_NOISE_QUANTILE: Final = 0.05
_SHORTEST_TEXT: Final = 20
_SLOWEST_CHARACTERS_PER_S: Final = 4.0
_FASTEST_CHARACTERS_PER_S: Final = 34.0
_WIDE_CHARACTER: Final = 3.0
"""How many letters of an alphabet take as long to say as one character of Chinese, Japanese or Korean."""


def signal_findings(samples: Floats, rate_hz: int, text: str) -> tuple[Finding, ...]:
    """What is wrong with `samples` (mono, in -1..1, shape (frames,)), which should say `text`.

    Without a text, for example of a converted recording, silences within it are not judged.
    """
    levels_db = _levels_db(samples, rate_hz)
    if not levels_db.size or levels_db.max() < _SILENT_DB:
        return (Finding("silent", 0.0, round(samples.size / rate_hz, 3)),)
    active = levels_db > max(_SILENT_DB, float(levels_db.max()) - _ACTIVE_BELOW_PEAK_DB)
    findings = [
        *(_long_silences(active, _wanted_pause_s(text)) if text.strip() else ()),
        *_clipping(samples, rate_hz),
        *_cut_end(levels_db, active),
        *stuck_findings(samples, rate_hz, text),
        *_rate(active, text),
    ]
    return tuple(findings)


def _levels_db(samples: Floats, rate_hz: int) -> Floats:
    """The level of each 10 ms in dB relative to full scale."""
    hop = max(1, round(rate_hz * _HOP_S))
    frames = samples[: samples.size // hop * hop].reshape(-1, hop)
    power = np.einsum("ij,ij->i", frames, frames) / hop
    return np.asarray(10 * np.log10(power + 1e-12), np.float32)


def _wanted_pause_s(text: str) -> float:
    return sum(part.pause_s for part in parts(text)) if "<" in text else 0.0


def _long_silences(active: NDArray[np.bool_], wanted_s: float) -> Iterator[Finding]:
    """Silences longer than any pause that the text asks for."""
    if (active.size - np.count_nonzero(active)) * _HOP_S <= _LONGEST_PAUSE_S + wanted_s:
        return  # all of them together are too short
    edges = np.flatnonzero(np.diff(np.concatenate(([True], active, [True])).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        is_edge = start == 0 or stop == active.size
        longest_s = (_LONGEST_EDGE_S if is_edge else _LONGEST_PAUSE_S) + wanted_s
        if (stop - start) * _HOP_S > longest_s:
            yield Finding("long_silence", round(start * _HOP_S, 2), round(stop * _HOP_S, 2))


def _clipping(samples: Floats, rate_hz: int) -> Iterator[Finding]:
    """Three samples in a row at full scale, in more than a few places. Single samples at full scale are normal."""
    if samples.max() < _FULL_SCALE and samples.min() > -_FULL_SCALE:
        return
    full = np.abs(samples) >= _FULL_SCALE
    clipped = np.flatnonzero(full[2:] & full[1:-1] & full[:-2])
    if clipped.size > max(20, _CLIPPED_SHARE * samples.size):
        yield Finding("clipped", round(int(clipped[0]) / rate_hz, 3), round(int(clipped[-1]) / rate_hz, 3))


def _cut_end(levels_db: Floats, active: NDArray[np.bool_]) -> Iterator[Finding]:
    """Audio that ends while the voice is as loud as in the middle of a word; noise between words does not count."""
    frames = round(_CUT_END_S / _HOP_S)
    if levels_db.size <= 10 * frames or not active[-frames:].all():
        return
    ordered_db = np.sort(levels_db)
    noise_db = _quantile(ordered_db, _NOISE_QUANTILE) + _ABOVE_NOISE_DB
    voice = active & (levels_db >= min(noise_db, _quantile(ordered_db, 0.5)))
    if levels_db[-frames:].min() > _quantile(np.sort(levels_db[voice]), 0.5):
        end_s = levels_db.size * _HOP_S
        yield Finding("truncated", round(end_s - _CUT_END_S, 3), round(end_s, 3))


def _quantile(ordered_db: Floats, share: float) -> float:
    """What `numpy.quantile` gives, which takes twenty times as long for the few levels of a passage."""
    place = share * (ordered_db.size - 1)
    below = int(place)
    above = min(below + 1, ordered_db.size - 1)
    return float(ordered_db[below]) + (place - below) * float(ordered_db[above] - ordered_db[below])


def _rate(active: NDArray[np.bool_], text: str) -> Iterator[Finding]:
    """More or fewer characters a second than any voice says."""
    characters = _spoken_characters(without_tags(text))
    active_s = float(active.sum()) * _HOP_S
    if characters < _SHORTEST_TEXT:
        return
    rate = characters / active_s
    end_s = round(active.size * _HOP_S, 2)
    if rate > _FASTEST_CHARACTERS_PER_S:
        yield Finding("too_fast", 0.0, end_s, f"{rate:.0f} characters a second")
    elif rate < _SLOWEST_CHARACTERS_PER_S:
        yield Finding("too_slow", 0.0, end_s, f"{rate:.1f} characters a second")


def _spoken_characters(text: str) -> float:
    if text.isascii():
        return float(len(text))
    return sum(_WIDE_CHARACTER if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text)
