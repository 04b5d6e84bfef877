"""Which failures are retried, how often, and after what delay; the tests record delays and do not sleep."""

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
    """Attempts that fail with the given errors and then succeed; `waits_s` records the delays."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.made = 0
        self.waits_s: list[float] = []

    async def attempt(self) -> str:
        """Fail, or return an answer."""
        self.made += 1
        if self._failures:
            raise self._failures.pop(0)
        return "answer"

    async def sleep(self, seconds: float) -> None:
        """Record the delay."""
        self.waits_s.append(seconds)

    async def run(self, pace: Pace = PACE) -> tuple[str, int]:
        """All attempts that the retry policy makes."""
        return await Retries(pace).run(self.attempt, self.sleep)

    async def failure(self, pace: Pace = PACE) -> CallError:
        """The error with which the retry policy gives up."""
        with pytest.raises(CallError) as caught:
            await self.run(pace)
        return caught.value


async def test_success_is_not_retried() -> None:
    """After a success there is no second attempt and no delay."""
    script = Script()
    assert await script.run() == ("answer", 1)
    assert (script.made, script.waits_s) == (1, [])


@pytest.mark.parametrize("failures", range(1, 6))
@pytest.mark.parametrize("kind", [Throttled, Transient, Incomplete])
async def test_transient_failures_are_retried(kind: type[CallError], failures: int) -> None:
    """429s, transient failures and broken responses are retried until they pass; the attempts are counted."""
    script = Script(*(kind(str(number)) for number in range(failures)))
    assert await script.run() == ("answer", failures + 1)
    assert len(script.waits_s) == failures


@pytest.mark.parametrize("attempts", [1, 2, 6])
async def test_policy_gives_up_after_the_configured_attempts(attempts: int) -> None:
    """The last error is raised with the number of attempts, and without a delay after it."""
    errors = [Transient(str(number)) for number in range(50)]
    script = Script(*errors)
    error = await script.failure(Pace(attempts=attempts))
    assert error is errors[attempts - 1]
    assert (error.attempts, script.made, len(script.waits_s)) == (attempts, attempts, attempts - 1)


@pytest.mark.parametrize("kind", [Refused, AuthRefused, QuotaExhausted, CallError])
async def test_permanent_failures_are_not_retried(kind: type[CallError]) -> None:
    """A refusal ends the attempts, also after transient failures."""
    script = Script(kind("no"))
    assert (await script.failure()).attempts == 1
    assert script.made == 1
    later = Script(Throttled("wait"), kind("no"))
    assert (await later.failure()).attempts == 2
    assert later.made == 2


async def test_bad_answer_is_retried_once() -> None:
    """The policy gives up at the second bad answer."""
    script = Script(*(BadAnswer(str(number)) for number in range(9)))
    assert (await script.failure()).attempts == 2
    assert script.made == 2
    assert await Script(BadAnswer("first")).run() == ("answer", 2)


async def test_bad_answers_are_counted_separately() -> None:
    """Other failures do not use up the retry of a bad answer."""
    assert await Script(Throttled("1"), Throttled("2"), BadAnswer("3")).run() == ("answer", 4)
    assert await Script(BadAnswer("1"), Throttled("2"), Transient("3")).run() == ("answer", 4)
    assert (await Script(BadAnswer("1"), Transient("2"), BadAnswer("3")).failure()).attempts == 3


async def test_single_attempt_applies_to_bad_answers_too() -> None:
    """With one attempt configured, a bad answer is not retried."""
    script = Script(BadAnswer("1"))
    assert (await script.failure(Pace(attempts=1))).attempts == 1


@pytest.mark.parametrize("mistake", [StorageError("full"), RuntimeError("ours")])
async def test_other_errors_are_not_retried(mistake: Exception) -> None:
    """An error that is not a `CallError` is raised at once."""
    for before in ((), (Transient("1"),)):
        script = Script(*before, mistake)
        with pytest.raises(type(mistake)):
            await script.run()
        assert script.made == len(before) + 1


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"), [(0.0, 0.0), (0.01, 0.01), (7.0, 7.0), (29.9, 29.9), (30.1, 30.0), (1e300, 30.0)]
)
@pytest.mark.parametrize("kind", [Throttled, Transient])
async def test_retry_after_is_honoured_up_to_the_longest_wait(
    kind: type[CallError], retry_after_s: float, expected_s: float
) -> None:
    """The delay is exactly that of the service, up to the longest wait."""
    script = Script(kind("wait", retry_after_s=retry_after_s))
    await script.run()
    assert script.waits_s == [expected_s]


async def test_backoff_is_exponential_with_full_jitter() -> None:
    """Each delay is uniform between 0 and a bound that doubles up to the longest wait."""
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
        # Of 200 uniform draws the least is in the lower and the greatest in the upper fifth, except in one run of 1e19.
        assert min(waits) < 0.2 * bound
        assert max(waits) > 0.8 * bound
        assert math.isclose(sum(waits) / len(waits), bound / 2, rel_tol=0.25)


async def test_calls_do_not_share_counts() -> None:
    """One policy serves many calls, each with its own attempts."""
    retries = Retries(PACE)
    for _ in range(3):
        script = Script(BadAnswer("1"), *(Transient("2") for _ in range(4)))
        assert await retries.run(script.attempt, script.sleep) == ("answer", 6)
