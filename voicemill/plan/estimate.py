"""What a manifest will take: calls, credits, money, hours of audio, wall time. Asks nobody; reads the answer store."""

from array import array
from dataclasses import dataclass, field

import numpy as np

from voicemill.model import Call
from voicemill.plan.calls import RowPlan

CHARACTERS_PER_AUDIO_S = 15.0
"""Read prose in English runs at 14 to 16 characters a second."""

CALL_OVERHEAD_S = 0.3
SECONDS_PER_CHARACTER = 0.01
"""Assumed time to answer: there is no published figure, so the plan says "about"."""


@dataclass(frozen=True, slots=True)
class PricePlan:
    """A monthly plan of Cartesia, and how many calls to TTS and to STT it allows at once.

    Source: docs.cartesia.ai (concurrency limits) and its pricing page, read in 2026; prices change.
    """

    name: str
    usd_per_month: float
    credits_per_month: int
    tts_slots: int
    stt_slots: int

    def slots(self, family: str) -> int:
        """How many calls of `family` ("tts" or "stt") it allows at once."""
        return self.stt_slots if family == "stt" else self.tts_slots

    def credits(self, usd: float) -> float:
        """How many credits `usd` pay for. The plan must have a price."""
        return usd / self.usd_per_month * self.credits_per_month

    def usd(self, credits: float) -> float:
        """What `credits` cost as a share of the monthly price."""
        return credits / self.credits_per_month * self.usd_per_month


PRICE_PLANS = (
    PricePlan("Free", 0.0, 20_000, 2, 8),
    PricePlan("Pro", 5.0, 100_000, 3, 12),
    PricePlan("Startup", 49.0, 1_250_000, 5, 20),
    PricePlan("Scale", 299.0, 8_000_000, 15, 60),
)


@dataclass
class Estimate:
    """Sums over the rows seen so far; a question that stands in several rows is paid once."""

    rows: int = 0
    characters: int = 0
    _keys: "array[int]" = field(default_factory=lambda: array("Q"))
    _credits: "array[float]" = field(default_factory=lambda: array("d"))
    _paid: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, plan: RowPlan, is_paid: "dict[str, bool]") -> None:
        """Count one row; `is_paid` says of each call's key whether its answer is there."""
        self.rows += 1
        for piece in plan.pieces:
            self._add_call(piece.call, is_paid[piece.call.key])

    def _add_call(self, call: Call, paid: bool) -> None:
        self.characters += call.characters
        self._keys.append(int(call.key[:16], 16))
        self._credits.append(call.list_price_credits)
        self._paid.append(paid)

    @property
    def calls(self) -> int:
        """Calls that the rows need, each question counted once."""
        return len(self._first())

    @property
    def calls_to_pay(self) -> int:
        """Calls whose answers are not there yet."""
        return int(np.count_nonzero(~self._paid_of(self._first())))

    @property
    def credits_to_pay(self) -> float:
        """Credits that the calls to pay will cost at Cartesia's list price."""
        first = self._first()
        return float(np.frombuffer(self._credits)[first][~self._paid_of(first)].sum()) if len(first) else 0.0

    @property
    def audio_s(self) -> float:
        """Length of all audio, in seconds, at the pace of read prose."""
        return self.characters / CHARACTERS_PER_AUDIO_S

    def wall_s(self, slots: int) -> float:
        """How long the calls to pay will take with `slots` at once."""
        work_s = self.calls_to_pay * CALL_OVERHEAD_S + self.credits_to_pay * SECONDS_PER_CHARACTER
        return work_s / slots

    def _first(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        keys = np.frombuffer(self._keys, np.uint64) if self._keys else np.zeros(0, np.uint64)
        return np.asarray(np.unique(keys, return_index=True)[1], np.int64)

    def _paid_of(
        self, positions: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    ) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        paid = np.frombuffer(self._paid, np.int8) if self._paid else np.zeros(0, np.int8)
        return paid[positions].astype(bool)
