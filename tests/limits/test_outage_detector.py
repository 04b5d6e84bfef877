"""When failures in a row are the service's, and what a call's attempts count then."""

import gc

import pytest

from voicemill.config import Pace
from voicemill.errors import BadAnswer, CallError, Incomplete, NoAudio, Throttled, Transient
from voicemill.limits.outage_detector import OutageDetector, is_of_the_service
from voicemill.limits.retries import Retries


class ACall:
    """Somebody who asks."""


def some(number: int) -> list[ACall]:
    """Different calls."""
    return [ACall() for _ in range(number)]


@pytest.mark.parametrize(("slots", "failures"), [(1, 20), (6, 20), (8, 24), (50, 150)])
def test_a_silence_is_long_after_so_many_failures(slots: int, failures: int) -> None:
    """Twenty failures in a row, or three times the slots."""
    silence = OutageDetector()
    for call in some(failures):
        assert not silence.is_long(slots)
        silence.went_on(call)
    assert silence.is_long(slots)
    silence.ended(ACall())
    assert not silence.is_long(slots)


@pytest.mark.parametrize(("calls", "common"), [(1, False), (4, False), (5, True)])
def test_failures_of_few_calls_are_their_own(calls: int, *, common: bool) -> None:
    """However often a few calls fail, that tells nothing of the service."""
    silence = OutageDetector()
    for call in some(calls) * 50:
        silence.went_on(call)
    assert (silence.is_common, silence.is_long(1)) == (common, common)


def test_what_failed_while_others_were_answered_is_no_witness() -> None:
    """Ten calls that fail before and after an answer say nothing; five that never failed before do; so do the ten
    after an outage."""
    silence = OutageDetector()
    bad, fresh = some(10), some(5)
    for call in bad:
        silence.went_on(call)
        silence.ended(ACall())
    for call in [*bad, *fresh[:4]] * 9:
        silence.went_on(call)
    assert not silence.is_common
    silence.went_on(fresh[4])
    assert silence.is_common
    silence.ended(ACall())
    silence.acquit()
    for call in bad:
        silence.went_on(call)
    assert silence.is_common


def test_who_was_there_when_all_failed_stays_a_witness() -> None:
    """Where so many fail before an answer that the service is ailing, they are not suspect; nor is who is answered."""
    silence = OutageDetector()
    ailing, slow = some(5), ACall()
    for _ in range(2):
        for call in ailing:
            silence.went_on(call)
        assert silence.is_common
        silence.ended(ACall())
    silence.went_on(slow)
    silence.ended(ACall())
    silence.ended(slow)
    assert not list(silence.suspects)


def test_who_is_given_up_is_forgotten() -> None:
    """However many rows of a long run fail, nothing of them stays in memory."""
    silence = OutageDetector()
    for call in some(100):
        silence.went_on(call)
        silence.ended(ACall())
    del call
    gc.collect()
    assert not list(silence.suspects)


@pytest.mark.parametrize("error", [Throttled("429"), Transient("503"), Incomplete("cut"), NoAudio("a page")])
def test_what_any_call_could_have_met_is_the_service_s(error: CallError) -> None:
    """Refusals, errors, cuts and pages say nothing of the question; audio that is wrong does."""
    assert is_of_the_service(error)
    assert not is_of_the_service(BadAnswer("silent"))


class Outage:
    """A service that is down from the time when a call would give up, or from a given failure on."""

    def __init__(self, *, begins_at: int = 0, is_to_blame: bool = False) -> None:
        self.outages = 0
        self._begins_at, self._is_to_blame = begins_at, is_to_blame
        self.made = 0

    async def attempt(self) -> str:
        """Fail, thirty times."""
        self.made += 1
        if self.made > 30:
            return "answer"
        self.outages += self.made == self._begins_at
        raise Transient("down")

    def blames_the_service(self, error: CallError) -> bool:
        """Begin an outage, where that is known to be one."""
        self.outages += self._is_to_blame
        return self._is_to_blame

    async def run(self) -> tuple[str, int]:
        """All attempts that the policy makes."""
        return await Retries(Pace(attempts=6), self).run(self.attempt, _no_time)


async def _no_time(seconds: float) -> None:
    """Let no time pass."""


@pytest.mark.parametrize("begins_at", [1, 3, 6])
async def test_attempts_are_counted_anew_from_an_outage_on(begins_at: int) -> None:
    """What failed before the service was known to be down is forgiven."""
    outage = Outage(begins_at=begins_at)
    with pytest.raises(Transient):
        await outage.run()
    assert outage.made == begins_at - 1 + 6


async def test_a_call_does_not_give_up_where_the_service_is_to_blame() -> None:
    """It waits and has its attempts again; and again, but after three outages it is taken for bad itself."""
    outage = Outage(is_to_blame=True)
    with pytest.raises(Transient):
        await outage.run()
    assert outage.outages == 3
    # The attempt with which a call would have given up is the last before each outage.
    assert outage.made == 6 + 3 * 6
