"""The figures of a plan, as a typed record and as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from voicemill.planning.estimate import Estimate, Sums
from voicemill.planning.price_plans import PRICE_PLANS, PricePlan


@dataclass(frozen=True, slots=True)
class PriceFigures:
    """The cost of the calls to pay on one Cartesia plan, and their run time with its concurrency limits."""

    name: str
    usd_per_month: float
    credits_per_month: int
    tts_slots: int
    stt_slots: int
    usd: float
    share_of_month: float
    wall_s: float

    @classmethod
    def of(cls, price: PricePlan, estimate: Estimate) -> Self:
        """The figures of `estimate` on the plan `price`."""
        credits = estimate.credits_to_pay
        return cls(
            **asdict(price),
            usd=round(price.usd(credits), 2),
            share_of_month=round(credits / price.credits_per_month, 4),
            wall_s=round(estimate.wall_s(price.tts_slots, price.stt_slots), 1),
        )


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """The estimated calls, credits and durations of a run, before any call is made.

    Durations are in seconds. `calls_repeated` are duplicates of other calls in the manifest, `calls_paid` have stored
    answers. `rows_guessed` rows use the output of other rows; their part is a guess. `slots` are the concurrent calls
    that `wall_s` assumes, by family ("tts" and "stt"); `operations` are sums by operation. Checks of the generated
    audio take `check_cpu_s` of CPU time, and `check_calls_to_pay` transcriptions for `check_credits_to_pay`, which
    `credits_to_pay` includes. With further takes, the run costs up to `credits_at_most`.
    """

    manifest: str
    service: str
    rows: int
    rows_guessed: int
    characters: int
    calls: int
    calls_repeated: int
    calls_paid: int
    calls_to_pay: int
    credits_to_pay: float
    audio_s: float
    transcribed_s: float
    converted_s: float
    wall_s: float
    check_cpu_s: float
    check_calls_to_pay: int
    check_credits_to_pay: float
    expected_retakes: float
    credits_at_most: float
    slots: dict[str, int]
    operations: dict[str, Sums]
    price_plans: tuple[PriceFigures, ...]

    @classmethod
    def of(cls, manifest: str, service: str, estimate: Estimate, slots: Mapping[str, int]) -> Self:
        """The figures of `estimate`."""
        return cls(
            manifest=manifest,
            service=service,
            rows=estimate.rows,
            rows_guessed=estimate.guessed,
            characters=estimate.characters,
            calls=estimate.calls,
            calls_repeated=estimate.calls - estimate.distinct_calls,
            calls_paid=estimate.distinct_calls - estimate.calls_to_pay,
            calls_to_pay=estimate.calls_to_pay,
            credits_to_pay=estimate.credits_to_pay,
            audio_s=round(estimate.audio_s, 1),
            transcribed_s=round(estimate.transcribed_s, 1),
            converted_s=round(estimate.converted_s, 1),
            wall_s=round(estimate.wall_s(slots["tts"], slots["stt"]), 1),
            check_cpu_s=round(estimate.check_cpu_s, 1),
            check_calls_to_pay=estimate.check_calls_to_pay,
            check_credits_to_pay=round(estimate.check_credits_to_pay, 1),
            expected_retakes=round(estimate.expected_retakes, 1),
            credits_at_most=estimate.credits_to_pay + estimate.retake_credits_at_most,
            slots=dict(slots),
            operations={op.value: sums for op, sums in estimate.by_op().items()},
            price_plans=tuple(PriceFigures.of(price, estimate) for price in PRICE_PLANS),
        )

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return asdict(self)
