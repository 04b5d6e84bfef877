"""Kills real runs at random moments and records the calls they cost and the data they lost."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.figures import SHARE
from tests.faults.process_runs import ForkedRuns, Run
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import speech_for
from voicemill.audio.wav_header import NotWav, probe_wav
from voicemill.pipeline.audit import audit
from voicemill.store.answer_store import AnswerStore
from voicemill.store.results_folder import read_json
from voicemill.store.tables.items_table import count_by_status

CONCURRENCY = 8
LATENCY_S = 0.02
_RATE_HZ = 8000
_ROWS = 200 if SHARE else 80
_CHAPTERS = 8 if SHARE else 4
_PARAGRAPHS = 6
_SHARE_BEFORE_FIRST_CALL = 0.15
_SHARE_AFTER_LAST_CALL = 0.2
_MAX_SHUTDOWN_S = 0.5


@dataclass
class Totals:
    """The figures that a campaign publishes, and three lists of errors that must stay empty."""

    kills: int = 0
    manifests: int = 0
    calls_needed: int = 0
    calls_made: int = 0
    in_flight: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, float | str]:
        """The published figures."""
        repeated = self.calls_made - self.calls_needed
        return {
            "kills": self.kills,
            "manifests_finished": self.manifests,
            "calls_needed": self.calls_needed,
            "calls_made": self.calls_made,
            "calls_in_flight_at_kills": sum(self.in_flight),
            "calls_in_flight_at_a_kill_at_most": max(self.in_flight, default=0),
            "calls_repeated_per_kill": round(repeated / max(1, self.kills), 2),
            "paid_answers_lost": len(self.lost),
            "torn_files": len(self.torn),
            "rows_other_than_their_table": len(self.wrong),
        }


class Campaign:
    """Runs manifests one after the other to completion, each in a separate folder and with several kills."""

    def __init__(
        self, folder: Path, service: SpeechService, runs: ForkedRuns, seed: int, *, plain: bool = True
    ) -> None:
        self._folder = folder
        self._service = service
        self._runs = runs
        self._plain = plain
        self._dice = random.Random(seed)
        self._start_s = 0.2
        self.totals = Totals()
        service.speaker.latency_s = LATENCY_S
        self._profile = folder / "profile.toml"
        self._profile.write_text(f"[defaults]\nsample_rate = {_RATE_HZ}\n[pace]\nmax_concurrency = {CONCURRENCY}\n")

    def kill(self, count: int) -> Totals:
        """Kill `count` runs, complete every manifest, and return the totals."""
        while self.totals.kills < count:
            self._run_manifest(count)
        return self.totals

    def _run_manifest(self, total_kills: int) -> None:
        self.totals.manifests += 1
        results = self._folder / f"results-{self.totals.manifests}"
        text_of = self._write_manifest(self.totals.manifests)
        stored: set[str] = set()
        while self.totals.kills < total_kills and self._kill_one_run(results, len(text_of) - len(stored)):
            stored = self._record(results, stored, text_of)
        result = self._start(results).wait()
        assert result.code == 0, result.stderr
        assert self._record(results, stored, text_of) == set(text_of.values())
        assert self.totals.in_flight.pop() == 0
        self.totals.wrong += violations(results)
        self.totals.wrong += [str(found) for found in audit(results)]
        self.totals.wrong += [row for row, status in statuses(results).items() if status != "done"]
        shutil.rmtree(results)

    def _write_manifest(self, number: int) -> dict[bytes, str]:
        """Write a manifest of short rows and chapters; returns its texts by the audio of their answers."""
        rows = [{"id": row["id"], "transcript": f"{number}: {row['transcript']}"} for row in short_rows(_ROWS)]
        for chapter in range(_CHAPTERS):
            paragraphs = [f"{number}: chapter {chapter}, paragraph {paragraph}." for paragraph in range(_PARAGRAPHS)]
            rows[chapter * 20] = {"id": f"chapter-{chapter}", "transcript": "\n\n".join(paragraphs)}
        write_manifest(self._folder / "book.csv", rows)
        self._service.reset_calls()
        texts = [part for row in rows for part in row["transcript"].split("\n\n")]
        self.totals.calls_needed += len(texts)
        return {speech_for(text, _RATE_HZ): text for text in texts}

    def _start(self, results: Path) -> Run:
        command: list[str | Path] = ["run", self._folder / "book.csv", "-o", results, "--profile", self._profile]
        return self._runs.start(self._folder, *command, plain=self._plain)

    def _kill_one_run(self, results: Path, calls_left: int) -> bool:
        """Start a run and kill it at a random moment; False if it completed before."""
        run = self._start(results)
        self._wait_for_random_moment(run, calls_left)
        run.kill()
        result = run.wait()
        if result.code != -signal.SIGKILL:
            assert result.code == 0, result.stderr
            return False
        self.totals.kills += 1
        return True

    def _wait_for_random_moment(self, run: Run, calls_left: int) -> None:
        phase = self._dice.random()
        if phase < _SHARE_BEFORE_FIRST_CALL:
            _wait(run, self._dice.uniform(0, self._start_s))
        elif phase < 1 - _SHARE_AFTER_LAST_CALL:
            self._wait_for_calls(run, self._dice.randint(1, max(1, calls_left)))
            _wait(run, self._dice.uniform(0, 2 * LATENCY_S))
        else:
            self._wait_for_calls(run, calls_left)
            _wait(run, self._dice.uniform(0, _MAX_SHUTDOWN_S))

    def _wait_for_calls(self, run: Run, count: int) -> None:
        started = time.monotonic()
        voices_request = 1
        while not run.is_over and len(self._service.server.calls) < voices_request + count:
            if len(self._service.server.calls) <= voices_request:
                self._start_s = time.monotonic() - started
            time.sleep(0.002)

    def _record(self, results: Path, stored_before: set[str], text_of: dict[bytes, str]) -> set[str]:
        """Record a run's calls, answers and damage. Reads a copy, because the next run must recover without help."""
        self._service.server.settle()
        requested = Counter(self._service.requested)
        self._service.reset_calls()
        stored = {text_of[body] for body in self._answers_in_copy(results)}
        self.totals.calls_made += requested.total()
        self.totals.in_flight.append(len(set(requested) - stored))
        self.totals.lost += [*sorted(stored_before - stored), *sorted(stored_before & set(requested))]
        self.totals.torn += _torn(results)
        return stored

    def _answers_in_copy(self, results: Path) -> Iterator[bytes]:
        copy = self._folder / "copy"
        shutil.copytree(results / "answers", copy, copy_function=os.link) if (results / "answers").exists() else None
        store = AnswerStore(copy)
        store.open()
        yield from [store.read(path.name.removesuffix(".answer"))[1] for path in copy.glob("?/*.answer")]
        shutil.rmtree(copy)


def _wait(run: Run, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not run.is_over and time.monotonic() < end:
        time.sleep(min(0.002, seconds))


def _torn(results: Path) -> list[str]:
    """Incomplete files under a final name."""
    return [str(path) for path in results.rglob("*") if path.is_file() and not _is_complete(path)]


def _is_complete(path: Path) -> bool:
    try:
        match path.suffix:
            case ".wav":
                probe_wav(path.read_bytes())
            case ".parquet":
                if path.name == "items.parquet":
                    count_by_status(path)
            case ".json":
                return read_json(path) is not None
    except (NotWav, OSError, ValueError):
        return False
    return True
