"""Estimate a run before anything is billed: calls, credits, audio length and run time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from voicemill.model import AUDIO_OPS, SPOKEN_OPS, Call, Op, Row, Stt, VoiceChange
from voicemill.model.calls import STT_CREDITS_PER_S
from voicemill.planning.predictions import CHARACTERS_PER_AUDIO_S
from voicemill.planning.row_calls import RowPlan

CALL_OVERHEAD_S = 0.3
SECONDS_PER_CHARACTER = 0.01
SECONDS_PER_TRANSCRIBED_S = 0.05
SECONDS_PER_CONVERTED_S = 0.15
"""Assumed response times. There are no published figures, so the plan says "about"."""

CHECK_CPU_S_PER_AUDIO_S: Final = {"signals": 8 / 3600, "guided": 70 / 3600, "transcribed": 10 / 3600}
"""Measured with `benchmarks.quality`."""
BAD_SHARE: Final = 0.03
"""Assumed share of passages that a check finds bad; the true share depends on the service and the text."""


@dataclass(slots=True)
class Sums:
    """Totals of the calls of one operation.

    `audio_s` is the length of the generated audio, for `stt` that of the transcribed audio. Of several calls with the
    same request, only one counts among `calls_to_pay`.
    """

    rows: int = 0
    calls: int = 0
    calls_to_pay: int = 0
    credits_to_pay: float = 0.0
    audio_s: float = 0.0
    work_to_pay_s: float = 0.0


@dataclass
class Estimate:
    """Totals over the rows added so far. Calls with the same request are billed once.

    `guessed` rows use the output of rows that are not done yet, so their cost is only a guess.
    """

    characters: int = 0
    guessed: int = 0
    is_check_free: bool = False
    """Whether the transcriptions for checks are made on this machine."""
    check_cpu_s: float = 0.0
    """CPU time of checking the generated audio once; that of transcribing it on this machine is not included."""
    check_calls_to_pay: int = 0
    """Transcriptions of generated audio for checks."""
    check_credits_to_pay: float = 0.0
    check_work_to_pay_s: float = 0.0
    expected_retakes: float = 0.0
    """Further takes if the assumed share of passages is bad."""
    retake_credits_at_most: float = 0.0
    """The price of all further takes that the rows allow."""
    _by_op: dict[Op, Sums] = field(default_factory=dict)
    _keys: set[int] = field(default_factory=set)

    def add(
        self,
        plan: RowPlan,
        is_paid: Mapping[str, bool],
        is_transcribed: Mapping[str, bool] = MappingProxyType({}),
        *,
        guessed: bool = False,
    ) -> None:
        """Count one row. `is_paid` maps the key of each call to whether its answer is stored.

        `is_transcribed` does so for the transcription of that answer, where the row's check needs one.
        """
        self._by_op.setdefault(plan.row.op, Sums()).rows += 1
        self.guessed += guessed
        for piece in plan.pieces:
            is_new = _short(piece.call.key) not in self._keys
            self._add_check(piece.call, plan.row, is_retaken=is_new and not is_paid[piece.call.key])
            if is_new and _is_transcribed(plan.row) and not is_transcribed.get(piece.call.key, False):
                self._add_transcription(piece.call)
            self._add_call(piece.call, paid=is_paid[piece.call.key])

    def _add_check(self, call: Call, row: Row, *, is_retaken: bool) -> None:
        quality = row.quality
        if quality.check == "off" or isinstance(call, Stt):
            return
        self.check_cpu_s += expected_audio_s(call) * CHECK_CPU_S_PER_AUDIO_S[quality.check]
        if is_retaken and quality.max_takes > 1:
            transcription = self._transcription_credits(call) if _is_transcribed(row) else 0.0
            self.expected_retakes += BAD_SHARE
            self.retake_credits_at_most += (quality.max_takes - 1) * (call.list_price_credits + transcription)

    def _add_transcription(self, call: Call) -> None:
        self.check_calls_to_pay += 1
        self.check_credits_to_pay += self._transcription_credits(call)
        self.check_work_to_pay_s += total_work_s(1, 0, expected_audio_s(call), 0.0)

    def _transcription_credits(self, call: Call) -> float:
        return 0.0 if self.is_check_free else expected_audio_s(call) * STT_CREDITS_PER_S

    def _add_call(self, call: Call, *, paid: bool) -> None:
        sums = self._by_op.setdefault(call.op, Sums())
        self.characters += call.characters
        sums.calls += 1
        sums.audio_s += expected_audio_s(call)
        key = _short(call.key)
        if key not in self._keys and not paid:
            sums.calls_to_pay += 1
            sums.credits_to_pay += call.list_price_credits
            sums.work_to_pay_s += work_s(call)
        self._keys.add(key)

    @property
    def rows(self) -> int:
        """Rows of all operations."""
        return sum(sums.rows for sums in self._by_op.values())

    @property
    def calls(self) -> int:
        """Calls of all rows, including calls with the same request."""
        return sum(sums.calls for sums in self._by_op.values())

    @property
    def distinct_calls(self) -> int:
        """Calls with different requests."""
        return len(self._keys)

    @property
    def calls_to_pay(self) -> int:
        """Calls whose answers are not stored yet."""
        return sum(sums.calls_to_pay for sums in self._by_op.values())

    @property
    def credits_to_pay(self) -> float:
        """The price of the calls to pay, transcriptions for checks included, in credits at Cartesia's list price."""
        return sum(sums.credits_to_pay for sums in self._by_op.values()) + self.check_credits_to_pay

    @property
    def audio_s(self) -> float:
        """Length of all generated audio in seconds; for speech, at the pace of read prose."""
        return sum(sums.audio_s for op, sums in self._by_op.items() if op in AUDIO_OPS)

    @property
    def transcribed_s(self) -> float:
        """Length of all transcribed audio in seconds."""
        return self._audio_of(Op.STT)

    @property
    def converted_s(self) -> float:
        """Length of all recordings that are converted to another voice in seconds."""
        return self._audio_of(Op.VOICE_CHANGE)

    def wall_s(self, tts_slots: int, stt_slots: int | None = None) -> float:
        """Run time of the calls to pay, in seconds. The service limits TTS and STT calls separately."""
        transcribing_s = sum(sums.work_to_pay_s for op, sums in self._by_op.items() if op is Op.STT)
        speaking_s = sum(sums.work_to_pay_s for op, sums in self._by_op.items() if op is not Op.STT)
        return max(speaking_s / tts_slots, (transcribing_s + self.check_work_to_pay_s) / (stt_slots or tts_slots))

    def by_op(self) -> dict[Op, Sums]:
        """The totals of each operation in the manifest."""
        return {op: self._by_op[op] for op in sorted(self._by_op)}

    def _audio_of(self, op: Op) -> float:
        return self._by_op[op].audio_s if op in self._by_op else 0.0


def _is_transcribed(row: Row) -> bool:
    return row.quality.check == "transcribed" and row.op in SPOKEN_OPS


def _short(key: str) -> int:
    """The first 64 bits of a key: they avoid collisions among a billion calls and keep the set small."""
    return int(key[:16], 16)


def expected_audio_s(call: Call) -> float:
    """The expected length of the audio that a call generates or processes."""
    if isinstance(call, Stt | VoiceChange):
        return call.clip.duration_s
    return call.characters / CHARACTERS_PER_AUDIO_S


def work_s(call: Call) -> float:
    """The assumed response time of a call."""
    match call:
        case Stt():
            return total_work_s(1, 0, call.clip.duration_s, 0.0)
        case VoiceChange():
            return total_work_s(1, 0, 0.0, call.clip.duration_s)
        case _:
            return total_work_s(1, call.characters, 0.0, 0.0)


def total_work_s(calls: int, characters: int, transcribed_s: float, converted_s: float) -> float:
    """The assumed response time in seconds of calls made one after the other."""
    per_audio_s = transcribed_s * SECONDS_PER_TRANSCRIBED_S + converted_s * SECONDS_PER_CONVERTED_S
    return calls * CALL_OVERHEAD_S + characters * SECONDS_PER_CHARACTER + per_audio_s
