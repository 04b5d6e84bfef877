"""A clock that jumps makes nobody wait longer than the cap, nor less than not at all."""

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
async def test_a_date_to_come_back_at(now: datetime, jump: timedelta, sign: int) -> None:
    """A server asks to wait for ten seconds, by a date; our clock is off by a day, an hour, or about to change."""
    asked = {"retry-after": format_datetime(now + timedelta(seconds=10))}
    waits: list[float] = []

    async def attempt() -> None:
        raise Throttled("later", retry_after_s=retry_after_s(asked, now=now + sign * jump))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(Throttled):
        await Retries(Pace(attempts=3, longest_wait_s=_CAP_S)).run(attempt, sleep)
    assert len(waits) == 2
    assert all(0 <= wait <= _CAP_S for wait in waits)
    if not jump:
        assert waits == [10.0, 10.0]
