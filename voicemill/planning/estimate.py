"""What a manifest will take: calls, credits, money, hours of audio, wall time. Asks nobody; reads the answer store."""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.model import Call, Op, Stt, VoiceChange
from voicemill.planning.predictions import CHARACTERS_PER_AUDIO_S
from voicemill.planning.row_calls import RowPlan

Positions = NDArray[np.int64]

_OPS: Final = tuple(Op)

CALL_OVERHEAD_S = 0.3
SECONDS_PER_CHARACTER = 0.01
SECONDS_PER_HEARD_S = 0.05
SECONDS_PER_CHANGED_S = 0.15
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


@dataclass(frozen=True, slots=True)
class Sums:
    """What the calls of one operation come to: `audio_s` is what they make, and for `stt` what they listen to.

    Of `calls` that ask the same, only one is among those `calls_to_pay`.
    """

    rows: int
    calls: int
    calls_to_pay: int
    credits_to_pay: float
    audio_s: float


@dataclass
class Estimate:
    """Sums over the rows seen so far; a question that stands in several rows is paid once.

    `guessed` rows take the output of other rows: what they cost is known once those are made, and guessed until then.
    """

    characters: int = 0
    guessed: int = 0
    _rows: Counter[Op] = field(default_factory=Counter)
    _audio_s: dict[Op, float] = field(default_factory=lambda: dict.fromkeys(Op, 0.0))
    _keys: "array[int]" = field(default_factory=lambda: array("Q"))
    _credits: "array[float]" = field(default_factory=lambda: array("d"))
    _work_s: "array[float]" = field(default_factory=lambda: array("d"))
    _ops: "array[int]" = field(default_factory=lambda: array("b"))
    _paid: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, plan: RowPlan, is_paid: Mapping[str, bool], *, guessed: bool = False) -> None:
        """Count one row; `is_paid` says of each call's key whether its answer is there."""
        self._rows[plan.row.op] += 1
        self.guessed += guessed
        for piece in plan.pieces:
            self._add_call(piece.call, is_paid[piece.call.key])

    def _add_call(self, call: Call, paid: bool) -> None:
        self.characters += call.characters
        self._audio_s[call.op] += _audio_s(call)
        self._keys.append(int(call.key[:16], 16))
        self._credits.append(call.list_price_credits)
        self._work_s.append(work_s(call))
        self._ops.append(_OPS.index(call.op))
        self._paid.append(paid)

    @property
    def rows(self) -> int:
        """Rows of all operations."""
        return self._rows.total()

    @property
    def calls(self) -> int:
        """Calls that the rows need, those that ask the same included."""
        return len(self._keys)

    @property
    def questions(self) -> int:
        """What is asked, each question counted once."""
        return len(self._first())

    @property
    def calls_to_pay(self) -> int:
        """Calls whose answers are not there yet."""
        return len(self._to_pay())

    @property
    def credits_to_pay(self) -> float:
        """Credits that the calls to pay will cost at Cartesia's list price."""
        return float(_floats(self._credits)[self._to_pay()].sum())

    @property
    def audio_s(self) -> float:
        """Length of all audio that is made, in seconds; of speech at the pace of read prose."""
        return float(sum(seconds for op, seconds in self._audio_s.items() if op is not Op.STT))

    @property
    def transcribed_s(self) -> float:
        """Length of all audio that is transcribed, in seconds."""
        return float(self._audio_s[Op.STT])

    @property
    def converted_s(self) -> float:
        """Length of all recordings that get another voice, in seconds."""
        return float(self._audio_s[Op.VOICE_CHANGE])

    def wall_s(self, tts_slots: int, stt_slots: int | None = None) -> float:
        """How long the calls to pay will take with so many at once; the two families are counted apart."""
        to_pay = self._to_pay()
        work_s, is_stt = _floats(self._work_s)[to_pay], self._ops_of(to_pay) == _OPS.index(Op.STT)
        spoken_s, transcribed_s = float(work_s[~is_stt].sum()), float(work_s[is_stt].sum())
        return max(spoken_s / tts_slots, transcribed_s / (stt_slots or tts_slots))

    def by_op(self) -> dict[Op, Sums]:
        """The sums of each operation that there are rows of."""
        to_pay, calls = self._to_pay(), Counter(self._ops)
        credits = _floats(self._credits)
        found = {}
        for op in sorted(self._rows):
            of_op = to_pay[self._ops_of(to_pay) == _OPS.index(op)]
            paid_for = float(credits[of_op].sum())
            found[op] = Sums(self._rows[op], calls[_OPS.index(op)], len(of_op), paid_for, float(self._audio_s[op]))
        return found

    def _first(self) -> Positions:
        keys = np.frombuffer(self._keys, np.uint64) if self._keys else np.zeros(0, np.uint64)
        return np.asarray(np.unique(keys, return_index=True)[1], np.int64)

    def _to_pay(self) -> Positions:
        first = self._first()
        paid = np.frombuffer(self._paid, np.int8) if self._paid else np.zeros(0, np.int8)
        return np.asarray(first[paid[first] == 0], np.int64)

    def _ops_of(self, positions: Positions) -> NDArray[np.int8]:
        ops: NDArray[np.int8] = np.frombuffer(self._ops, np.int8) if self._ops else np.zeros(0, np.int8)
        return np.asarray(ops[positions], np.int8)


def _floats(values: "array[float]") -> NDArray[np.float64]:
    return np.frombuffer(values) if values else np.zeros(0)


def _audio_s(call: Call) -> float:
    if isinstance(call, Stt | VoiceChange):
        return call.clip.duration_s
    return call.characters / CHARACTERS_PER_AUDIO_S


def work_s(call: Call) -> float:
    """The assumed time to answer a call."""
    is_stt = call.op is Op.STT
    seconds = _audio_s(call) if call.op in (Op.STT, Op.VOICE_CHANGE) else 0.0
    return total_work_s(1, call.characters, seconds if is_stt else 0.0, 0.0 if is_stt else seconds)


def total_work_s(calls: int, characters: int, transcribed_s: float, converted_s: float) -> float:
    """The assumed time to answer calls one after the other, by what they send."""
    per_audio_s = transcribed_s * SECONDS_PER_HEARD_S + converted_s * SECONDS_PER_CHANGED_S
    return calls * CALL_OVERHEAD_S + characters * SECONDS_PER_CHARACTER + per_audio_s
