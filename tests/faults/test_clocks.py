"""Clock jumps: no wait is longer than the cap or negative."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from voicemill.cartesia.error_mapping import retry_after_s
from voicemill.config import Pace
from voicemill.errors import Throttled
from voicemill.limits.retries import Retries

_CAP_S = 30.0
_BEFORE_SUMMER = datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC)
_BEFORE_WINTER = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize("now", [_BEFORE_SUMMER, _BEFORE_WINTER])
@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(hours=1), timedelta(0)], ids=str)
@pytest.mark.parametrize("sign", [-1, 1])
async def test_retry_after_date_with_a_wrong_clock(now: datetime, jump: timedelta, sign: int) -> None:
    """Waits for a `Retry-After` date stay in bounds if the clock is off by a day or an hour, or about to change."""
    headers = {"retry-after": format_datetime(now + timedelta(seconds=10))}
    waits: list[float] = []

    async def attempt() -> None:
        raise Throttled("later", retry_after_s=retry_after_s(headers, now=now + sign * jump))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(Throttled):
        await Retries(Pace(attempts=3, longest_wait_s=_CAP_S)).run(attempt, sleep)
    assert len(waits) == 2
    assert all(0 <= wait <= _CAP_S for wait in waits)
    if not jump:
        assert waits == [10.0, 10.0]
