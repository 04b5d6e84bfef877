"""Which failures are tried again, how often, and after how long; time is counted, not passed."""

import math

import pytest

from voicemill.config import Pace
from voicemill.errors import (
    AuthRefused,
    BadAnswer,
    CallError,
    Incomplete,
    QuotaExhausted,
    Refused,
    StorageError,
    Throttled,
    Transient,
)
from voicemill.limits.retries import Retries

PACE = Pace(attempts=6, first_wait_s=0.5, longest_wait_s=30.0)


class Script:
    """Attempts that fail as told and then succeed, and a clock that only counts."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.made = 0
        self.waits_s: list[float] = []

    async def attempt(self) -> str:
        """Fail, or give an answer."""
        self.made += 1
        if self._failures:
            raise self._failures.pop(0)
        return "answer"

    async def sleep(self, seconds: float) -> None:
        """Note how long the wait would be."""
        self.waits_s.append(seconds)

    async def run(self, pace: Pace = PACE) -> tuple[str, int]:
        """All attempts, as the policy makes them."""
        return await Retries(pace).run(self.attempt, self.sleep)

    async def failure(self, pace: Pace = PACE) -> CallError:
        """The error that the policy gives up with."""
        with pytest.raises(CallError) as caught:
            await self.run(pace)
        return caught.value


async def test_a_good_answer_is_taken_at_once() -> None:
    """No second attempt, no wait."""
    script = Script()
    assert await script.run() == ("answer", 1)
    assert (script.made, script.waits_s) == (1, [])


@pytest.mark.parametrize("failures", range(1, 6))
@pytest.mark.parametrize("kind", [Throttled, Transient, Incomplete])
async def test_what_may_pass_is_tried_again(kind: type[CallError], failures: int) -> None:
    """Throttled, transient and incomplete are tried until they pass, and the count of attempts is told."""
    script = Script(*(kind(str(number)) for number in range(failures)))
    assert await script.run() == ("answer", failures + 1)
    assert len(script.waits_s) == failures


@pytest.mark.parametrize("attempts", [1, 2, 6])
async def test_the_policy_gives_up_after_its_attempts(attempts: int) -> None:
    """The last error is raised, with the number of attempts on it, and there is no wait after it."""
    errors = [Transient(str(number)) for number in range(50)]
    script = Script(*errors)
    error = await script.failure(Pace(attempts=attempts))
    assert error is errors[attempts - 1]
    assert (error.attempts, script.made, len(script.waits_s)) == (attempts, attempts, attempts - 1)


@pytest.mark.parametrize("kind", [Refused, AuthRefused, QuotaExhausted, CallError])
async def test_what_will_not_pass_is_never_tried_again(kind: type[CallError]) -> None:
    """A refusal costs one attempt, also when it comes after failures that may pass."""
    script = Script(kind("no"))
    assert (await script.failure()).attempts == 1
    assert script.made == 1
    later = Script(Throttled("wait"), kind("no"))
    assert (await later.failure()).attempts == 2
    assert later.made == 2


async def test_a_bad_answer_is_tried_twice() -> None:
    """A second bad answer is the last one."""
    script = Script(*(BadAnswer(str(number)) for number in range(9)))
    assert (await script.failure()).attempts == 2
    assert script.made == 2
    assert await Script(BadAnswer("first")).run() == ("answer", 2)


async def test_other_failures_do_not_use_up_a_bad_answer_s_second_try() -> None:
    """Bad answers are counted by themselves, wherever they come."""
    assert await Script(Throttled("1"), Throttled("2"), BadAnswer("3")).run() == ("answer", 4)
    assert await Script(BadAnswer("1"), Throttled("2"), Transient("3")).run() == ("answer", 4)
    assert (await Script(BadAnswer("1"), Transient("2"), BadAnswer("3")).failure()).attempts == 3


async def test_one_attempt_is_one_attempt_for_a_bad_answer_too() -> None:
    """The settings' bound stands above the second try."""
    script = Script(BadAnswer("1"))
    assert (await script.failure(Pace(attempts=1))).attempts == 1


@pytest.mark.parametrize("mistake", [StorageError("full"), RuntimeError("ours")])
async def test_other_errors_pass_through(mistake: Exception) -> None:
    """What is no failed call is not tried again, at once or later."""
    for before in ((), (Transient("1"),)):
        script = Script(*before, mistake)
        with pytest.raises(type(mistake)):
            await script.run()
        assert script.made == len(before) + 1


@pytest.mark.parametrize(
    ("asked_s", "expected_s"), [(0.0, 0.0), (0.01, 0.01), (7.0, 7.0), (29.9, 29.9), (30.1, 30.0), (1e300, 30.0)]
)
@pytest.mark.parametrize("kind", [Throttled, Transient])
async def test_the_service_s_own_wait_is_kept_within_the_cap(
    kind: type[CallError], asked_s: float, expected_s: float
) -> None:
    """The wait that was asked for is taken to the letter, up to the longest wait."""
    script = Script(kind("wait", retry_after_s=asked_s))
    await script.run()
    assert script.waits_s == [expected_s]


async def test_waits_grow_with_full_jitter_up_to_the_cap() -> None:
    """Each wait is drawn from 0 up to a bound that doubles, and never exceeds the longest wait."""
    pace = Pace(attempts=12, first_wait_s=0.5, longest_wait_s=30.0)
    rounds = []
    for _ in range(200):
        script = Script(*(Transient(str(number)) for number in range(11)))
        await script.run(pace)
        rounds.append(script.waits_s)
    for number, waits in enumerate(zip(*rounds, strict=True)):
        bound = min(30.0, 0.5 * 2**number)
        assert min(waits) >= 0
        assert max(waits) <= bound
        # Of 200 uniform draws the least is in the lower and the greatest in the upper fifth, but for one run in 1e19.
        assert min(waits) < 0.2 * bound
        assert max(waits) > 0.8 * bound
        assert math.isclose(sum(waits) / len(waits), bound / 2, rel_tol=0.25)


async def test_calls_do_not_share_their_counts() -> None:
    """One policy serves many calls; what one used up is there for the next."""
    retries = Retries(PACE)
    for _ in range(3):
        script = Script(BadAnswer("1"), *(Transient("2") for _ in range(4)))
        assert await retries.run(script.attempt, script.sleep) == ("answer", 6)
