"""The history of a run for its report: measured points at growing distances, and changes of its limits.

Points lie one second apart at first, later half a percent of the elapsed time: a minute has 60, a day about 1,500. The
lines go to `events.jsonl`, which holds the last runs of a folder; a killed run leaves all lines but the last few.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from voicemill.errors import CallError, StorageError
from voicemill.store import durable_files as durable
from voicemill.store.results_folder import ResultsFolder

_FIRST_DISTANCE_S: Final = 1.0
_GROWTH: Final = 0.005
_MOST_EVENTS: Final = 500
_MOST_LATENCIES: Final = 2_000
_RUNS_KEPT: Final = 10
_COUNTS: Final = {"rows": "rows_done", "calls": "calls_kept", "retries": "retries", "in_flight": "calls_in_flight"}


class RunHistory:
    """The events of one run since its start. Nothing is written for a run without calls."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._started_s = clock_s()
        self._started_at = datetime.now(UTC)
        self._lines: list[str] = []
        self._events = 0
        self._next_point_s = 0.0
        self._latencies_s: list[float] = []
        self.throttled = 0
        self.errors = 0
        self._has_file = False

    def with_log(self, log: Callable[[str], None]) -> Callable[[str], None]:
        """A log that also records each line as an event."""

        def both(line: str) -> None:
            self._record_event(line)
            log(line)

        return both

    def record_latency(self, latency_s: float) -> None:
        """A call was answered after `latency_s`."""
        if len(self._latencies_s) < _MOST_LATENCIES:
            self._latencies_s.append(latency_s)

    def record_error(self, error: CallError) -> None:
        """An attempt failed."""
        self.throttled += error.is_throttling
        self.errors += not error.is_throttling

    def take_latencies(self) -> list[float]:
        """The latencies since the last call of this method."""
        taken, self._latencies_s = self._latencies_s, []
        return taken

    def record_point(self, progress: dict[str, Any], *, is_last: bool = False) -> None:
        """Record a point if the last one is far enough away."""
        now_s = self._clock_s() - self._started_s
        if progress["calls_made"] and (is_last or now_s >= self._next_point_s):
            self._lines.append(json.dumps({"t": round(now_s, 2)} | self._point(progress)))
            self._next_point_s = now_s + max(_FIRST_DISTANCE_S, _GROWTH * now_s)
            self._latencies_s.clear()

    def write(self, results: ResultsFolder) -> None:
        """Append the new lines to the file. Raises `StorageError`."""
        if not self._next_point_s or not self._lines:
            return
        lines, self._lines = self._lines, []
        if not self._has_file:
            _drop_old_runs(results)
            lines.insert(0, json.dumps({"started_at": self._started_at.isoformat(timespec="seconds")}))
            self._has_file = True
        durable.append_lines(results.events, lines)

    def _record_event(self, line: str) -> None:
        self._events += 1
        if self._events <= _MOST_EVENTS:
            self._lines.append(json.dumps({"t": round(self._clock_s() - self._started_s, 2), "event": line}))

    def _point(self, progress: dict[str, Any]) -> dict[str, float | None]:
        ordered = sorted(self._latencies_s)
        measured = {
            "throttled": self.throttled,
            "errors": self.errors,
            "slots": progress["slots"],
            "credits": round(progress["credits"], 1),
            "p50_s": _quantile(ordered, 0.5),
            "p95_s": _quantile(ordered, 0.95),
        }
        return {name: progress[field] for name, field in _COUNTS.items()} | measured


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else None


def _drop_old_runs(results: ResultsFolder) -> None:
    """Keep the last runs of the file, so that it stays small in a folder that is used every day."""
    with suppress(FileNotFoundError, UnicodeDecodeError, StorageError):
        lines = results.events.read_text(encoding="utf-8").splitlines()
        starts = [place for place, line in enumerate(lines) if line.startswith('{"started_at"')]
        if len(starts) >= _RUNS_KEPT:
            kept = lines[starts[1 - _RUNS_KEPT] :]
            durable.write_file(results.events, "".join(f"{line}\n" for line in kept).encode())
