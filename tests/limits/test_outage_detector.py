"""When consecutive failures are an outage, and how attempts are counted then."""

import gc

import pytest

from voicemill.config import Pace
from voicemill.errors import BadAnswer, CallError, Incomplete, NoAudio, Throttled, Transient
from voicemill.limits.outage_detector import OutageDetector, may_be_an_outage
from voicemill.limits.retries import Retries


class AnyCall:
    """A call, identified by the object itself."""


def some_calls(number: int) -> list[AnyCall]:
    """Different calls."""
    return [AnyCall() for _ in range(number)]


@pytest.mark.parametrize(("slots", "failures"), [(1, 20), (6, 20), (8, 24), (50, 150)])
def test_consecutive_failures_are_an_outage(slots: int, failures: int) -> None:
    """Twenty consecutive failures, or three times the slots, are an outage until a call is answered."""
    detector = OutageDetector()
    for call in some_calls(failures):
        assert not detector.is_outage(slots)
        detector.record_failure(call)
    assert detector.is_outage(slots)
    detector.record_answer(AnyCall())
    assert not detector.is_outage(slots)


@pytest.mark.parametrize(("calls", "widespread"), [(1, False), (4, False), (5, True)])
def test_failures_of_few_calls_are_not_an_outage(calls: int, *, widespread: bool) -> None:
    """Any number of failures of fewer than five calls is not an outage."""
    detector = OutageDetector()
    for call in some_calls(calls) * 50:
        detector.record_failure(call)
    assert (detector.is_widespread, detector.is_outage(1)) == (widespread, widespread)


def test_calls_that_fail_while_others_succeed_are_suspects() -> None:
    """Failures of suspects do not count, failures of five other calls do; after an outage there are no suspects."""
    detector = OutageDetector()
    bad, fresh = some_calls(10), some_calls(5)
    for call in bad:
        detector.record_failure(call)
        detector.record_answer(AnyCall())
    for call in [*bad, *fresh[:4]] * 9:
        detector.record_failure(call)
    assert not detector.is_widespread
    detector.record_failure(fresh[4])
    assert detector.is_widespread
    detector.record_answer(AnyCall())
    detector.clear_suspects()
    for call in bad:
        detector.record_failure(call)
    assert detector.is_widespread


def test_calls_are_not_suspects_after_widespread_failures() -> None:
    """Calls that failed when many did are not suspects, nor is a call that was answered."""
    detector = OutageDetector()
    failing, slow = some_calls(5), AnyCall()
    for _ in range(2):
        for call in failing:
            detector.record_failure(call)
        assert detector.is_widespread
        detector.record_answer(AnyCall())
    detector.record_failure(slow)
    detector.record_answer(AnyCall())
    detector.record_answer(slow)
    assert not list(detector.suspects)


def test_given_up_calls_do_not_stay_in_memory() -> None:
    """The detector keeps no reference to calls that a long run has given up."""
    detector = OutageDetector()
    for call in some_calls(100):
        detector.record_failure(call)
        detector.record_answer(AnyCall())
    del call
    gc.collect()
    assert not list(detector.suspects)


@pytest.mark.parametrize("error", [Throttled("429"), Transient("503"), Incomplete("cut"), NoAudio("a page")])
def test_errors_that_any_call_could_meet_may_be_an_outage(error: CallError) -> None:
    """429s, server errors, broken responses and web pages may be an outage; invalid audio is not."""
    assert may_be_an_outage(error)
    assert not may_be_an_outage(BadAnswer("silent"))


class FailingService:
    """A service whose outage begins with a given attempt, or when a call would give up."""

    def __init__(self, *, begins_at: int = 0, when_giving_up: bool = False) -> None:
        self.outages = 0
        self._begins_at, self._when_giving_up = begins_at, when_giving_up
        self.attempts = 0

    async def attempt(self) -> str:
        """Fail thirty times."""
        self.attempts += 1
        if self.attempts > 30:
            return "answer"
        self.outages += self.attempts == self._begins_at
        raise Transient("down")

    def is_outage(self, error: CallError) -> bool:
        """Begin an outage, if configured."""
        self.outages += self._when_giving_up
        return self._when_giving_up

    async def run(self) -> tuple[str, int]:
        """All attempts that the retry policy makes."""
        return await Retries(Pace(attempts=6), self).run(self.attempt, _sleep_not_at_all)


async def _sleep_not_at_all(seconds: float) -> None:
    """Return at once."""


@pytest.mark.parametrize("begins_at", [1, 3, 6])
async def test_outage_resets_the_attempts(begins_at: int) -> None:
    """Attempts before the beginning of an outage do not count."""
    service = FailingService(begins_at=begins_at)
    with pytest.raises(Transient):
        await service.run()
    assert service.attempts == begins_at - 1 + 6


async def test_call_waits_for_three_outages_before_it_gives_up() -> None:
    """A call does not give up during an outage, but after the third it does: it may be the cause."""
    service = FailingService(when_giving_up=True)
    with pytest.raises(Transient):
        await service.run()
    assert service.outages == 3
    # The attempt with which the call would have given up is the last one before each outage.
    assert service.attempts == 6 + 3 * 6
