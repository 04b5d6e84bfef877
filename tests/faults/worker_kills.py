"""What the campaigns of killed workers share: the counts, and the moment of a kill."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.flows.speech_service import SpeechService


@dataclass
class KillTotals:
    """The counts of runs with one kill each."""

    kills: int = 0
    calls_needed: int = 0
    calls_made: int = 0
    calls_repeated_at_a_kill_at_most: int = 0
    calls_in_flight_at_most: int = 0
    rows_not_done: int = 0
    wrong_files: int = 0

    def add(self, service: SpeechService, rows: int, not_done: int, wrong_files: int) -> None:
        """Add a run of `rows` rows, each of which needs one call."""
        made, in_flight = len(service.requested), max(call.in_flight for call in service.server.calls)
        self.kills += 1
        self.calls_needed += rows
        self.calls_made += made
        self.calls_repeated_at_a_kill_at_most = max(self.calls_repeated_at_a_kill_at_most, made - rows)
        self.calls_in_flight_at_most = max(self.calls_in_flight_at_most, in_flight)
        self.rows_not_done += not_done
        self.wrong_files += wrong_files


def kill_moment(service: SpeechService, calls: int, dice: random.Random) -> Callable[[], bool]:
    """Becomes true after this number of calls and a random part of the service's latency."""
    delay_s = dice.uniform(0, service.speaker.latency_s)
    reached_s: list[float] = []

    def is_over() -> bool:
        if len(service.requested) >= calls:
            reached_s.append(time.monotonic())
        return bool(reached_s) and time.monotonic() - reached_s[0] >= delay_s

    return is_over
