"""Cartesia's monthly plans: their prices and concurrency limits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PricePlan:
    """A monthly plan of Cartesia with its limits of concurrent TTS and STT calls.

    Source: docs.cartesia.ai (concurrency limits) and its pricing page, read in 2026; prices change.
    """

    name: str
    usd_per_month: float
    credits_per_month: int
    tts_slots: int
    stt_slots: int

    def slots(self, family: str) -> int:
        """The limit of concurrent calls of `family` ("tts" or "stt")."""
        return self.stt_slots if family == "stt" else self.tts_slots

    def credits(self, usd: float) -> float:
        """The credits that `usd` buys. The plan must have a price."""
        return usd / self.usd_per_month * self.credits_per_month

    def usd(self, credits: float) -> float:
        """The cost of `credits` in US dollars, as a share of the monthly price."""
        return credits / self.credits_per_month * self.usd_per_month


PRICE_PLANS = (
    PricePlan("Free", 0.0, 20_000, 2, 8),
    PricePlan("Pro", 5.0, 100_000, 3, 12),
    PricePlan("Startup", 49.0, 1_250_000, 5, 20),
    PricePlan("Scale", 299.0, 8_000_000, 15, 60),
)
