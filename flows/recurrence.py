"""When a schedule fires: a checked cron expression or interval in a time zone, and the times of its next runs."""

import difflib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.server.schemas.schedules import CronSchedule as ServerCron
from prefect.server.schemas.schedules import IntervalSchedule as ServerInterval

from voicemill.errors import ConfigError

SHOWN_RUNS: Final = 3
_LONGEST_INTERVAL_S: Final = 366 * 24 * 3600.0
_FIELDS: Final = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12, or jan to dec"),
    ("day of week", "0 to 7, or sun to sat"),
)
_EXAMPLE: Final = '--cron "0 1 * * *" (every day at 01:00)'
_NICKNAME: Final = re.compile(r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When a schedule fires: at the times of a cron expression in a time zone, or every `every_s` seconds from `since`.

    Creating one raises `ConfigError` for an unknown zone, an invalid cron expression or interval, and if both or
    neither of them are given.
    """

    cron: str = ""
    timezone: str = "UTC"
    every_s: float = 0
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if bool(self.cron.strip()) == bool(self.every_s):
            raise ConfigError(f"give either {_EXAMPLE} or --every with a number of seconds")
        _check_zone(self.timezone)
        if self.cron:
            _check_cron(self.cron)
        elif not 1 <= self.every_s <= _LONGEST_INTERVAL_S:
            raise ConfigError(f"--every is {self.every_s:g}; give 1 to {_LONGEST_INTERVAL_S:.0f} seconds (366 days)")

    def schedule(self) -> CronSchedule | IntervalSchedule:
        """The equivalent Prefect schedule."""
        if self.cron:
            return CronSchedule(cron=self.cron, timezone=self.timezone)
        interval = timedelta(seconds=self.every_s)
        return IntervalSchedule(interval=interval, anchor_date=self.since, timezone=self.timezone)

    async def first_times(self) -> list[datetime]:
        """The times of the first three runs. Raises `ConfigError` if there is none."""
        times = await next_times(self.schedule(), self.since, SHOWN_RUNS)
        if not times:
            raise ConfigError(f"--cron {self.cron!r} never fires; correct its day of month or its month")
        return times


async def next_times(schedule: CronSchedule | IntervalSchedule, after: datetime, count: int) -> list[datetime]:
    """The next times of a Prefect schedule in its time zone, as Prefect's server computes them.

    The list is empty for a schedule that never fires, such as one on 30 February.
    """
    kind = ServerCron if isinstance(schedule, CronSchedule) else ServerInterval
    try:
        times = await kind.model_validate(schedule.model_dump()).get_dates(count, start=after)
    except ValueError:  # the cron parser searched fifty years
        return []
    zone = ZoneInfo(schedule.timezone or "UTC")
    return [datetime.fromtimestamp(time.timestamp(), zone) for time in times]


def shown_time(time: datetime) -> str:
    """A time in its zone, such as `Mon 2026-11-30 01:00 Europe/Berlin`."""
    seconds = ":%S" if time.second else ""
    return f"{time:%a %Y-%m-%d %H:%M{seconds}} {time.tzinfo}"


def _check_zone(timezone: str) -> None:
    known = available_timezones()
    if timezone in known:
        return
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(timezone.lower(), by_lower, n=1)
    hint = f"did you mean {by_lower[close[0]]}?" if close else "give an IANA name such as Europe/Berlin or UTC"
    raise ConfigError(f"--timezone {timezone!r} is not a known time zone; {hint}")


def _check_cron(cron: str) -> None:
    if _NICKNAME.fullmatch(cron.strip()):
        return
    given = cron.split()
    if len(given) != len(_FIELDS):
        names = ", ".join(name for name, _ in _FIELDS)
        count = f"{len(given)} field{'' if len(given) == 1 else 's'}"
        raise ConfigError(f"--cron {cron!r} has {count}; give five: {names}. Example: {_EXAMPLE}")
    for place, (name, allowed) in enumerate(_FIELDS):
        if not _is_valid(" ".join(["*"] * place + [given[place]] + ["*"] * (len(_FIELDS) - place - 1))):
            raise ConfigError(
                f"--cron {cron!r}: the {name} {given[place]!r} is not valid; allowed: {allowed}, *, */N, A-B, A,B"
            )
    if not _is_valid(cron):
        raise ConfigError(f"--cron {cron!r} is not a valid cron expression; example: {_EXAMPLE}")


def _is_valid(cron: str) -> bool:
    try:
        CronSchedule(cron=cron, timezone="UTC")
    except ValueError:
        return False
    return True
