"""Killing real runs at random instants, again and again, and keeping the books on what that cost and broke."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
_ROWS = 200
_CHAPTERS = 8
_PARAGRAPHS = 6
_SHARE_BEFORE_THE_FIRST_CALL = 0.15
_SHARE_AFTER_THE_LAST_CALL = 0.2
_LONGEST_END_S = 0.5


@dataclass
class Books:
    """What happened: the figures that are published, and three lists that must stay empty."""

    kills: int = 0
    manifests: int = 0
    calls_needed: int = 0
    calls_made: int = 0
    in_flight: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, float | str]:
        """What is published."""
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
    """Runs one manifest after the other to its end, through as many kills as it takes, each in a folder of its own."""

    def __init__(
        self, folder: Path, service: SpeechService, runs: ForkedRuns, seed: int, *, plain: bool = True
    ) -> None:
        self._folder = folder
        self._service = service
        self._runs = runs
        self._plain = plain
        self._dice = random.Random(seed)
        self._start_s = 0.2
        self.books = Books()
        service.speaker.latency_s = LATENCY_S
        self._profile = folder / "profile.toml"
        self._profile.write_text(f"[defaults]\nsample_rate = {_RATE_HZ}\n[pace]\nmax_concurrency = {CONCURRENCY}\n")

    def kill(self, count: int) -> Books:
        """Kill `count` runs, bring every manifest to its end, and give the books."""
        while self.books.kills < count:
            self._one_manifest(count)
        return self.books

    def _one_manifest(self, kills_in_all: int) -> None:
        self.books.manifests += 1
        results = self._folder / f"results-{self.books.manifests}"
        text_of = self._write_manifest(self.books.manifests)
        kept: set[str] = set()
        while self.books.kills < kills_in_all and self._is_killed(results, len(text_of) - len(kept)):
            kept = self._reckon(results, kept, text_of)
        ended = self._start(results).wait()
        assert ended.code == 0, ended.stderr
        assert self._reckon(results, kept, text_of) == set(text_of.values())
        assert self.books.in_flight.pop() == 0
        self.books.wrong += violations(results)
        self.books.wrong += [str(found) for found in audit(results)]
        self.books.wrong += [row for row, status in statuses(results).items() if status != "done"]
        shutil.rmtree(results)

    def _write_manifest(self, number: int) -> dict[bytes, str]:
        """A manifest of short rows and of chapters; its texts by the answers to them."""
        rows = [{"id": row["id"], "transcript": f"{number}: {row['transcript']}"} for row in short_rows(_ROWS)]
        for chapter in range(_CHAPTERS):
            paragraphs = [f"{number}: chapter {chapter}, paragraph {paragraph}." for paragraph in range(_PARAGRAPHS)]
            rows[chapter * 20] = {"id": f"chapter-{chapter}", "transcript": "\n\n".join(paragraphs)}
        write_manifest(self._folder / "book.csv", rows)
        self._service.reset_calls()
        texts = [piece for row in rows for piece in row["transcript"].split("\n\n")]
        self.books.calls_needed += len(texts)
        return {speech_for(text, _RATE_HZ): text for text in texts}

    def _start(self, results: Path) -> Run:
        command: list[str | Path] = ["run", self._folder / "book.csv", "-o", results, "--profile", self._profile]
        return self._runs.start(self._folder, *command, plain=self._plain)

    def _is_killed(self, results: Path, calls_left: int) -> bool:
        """Start a run and kill it at an instant of its life chosen at random; False where it came to its end."""
        run = self._start(results)
        self._wait_for_the_instant(run, calls_left)
        run.kill()
        ended = run.wait()
        if ended.code != -signal.SIGKILL:
            assert ended.code == 0, ended.stderr
            return False
        self.books.kills += 1
        return True

    def _wait_for_the_instant(self, run: Run, calls_left: int) -> None:
        part = self._dice.random()
        if part < _SHARE_BEFORE_THE_FIRST_CALL:
            _let_live(run, self._dice.uniform(0, self._start_s))
        elif part < 1 - _SHARE_AFTER_THE_LAST_CALL:
            self._let_ask(run, self._dice.randint(1, max(1, calls_left)))
            _let_live(run, self._dice.uniform(0, 2 * LATENCY_S))
        else:
            self._let_ask(run, calls_left)
            _let_live(run, self._dice.uniform(0, _LONGEST_END_S))

    def _let_ask(self, run: Run, count: int) -> None:
        started = time.monotonic()
        the_list_of_voices = 1
        while not run.is_over and len(self._service.server.calls) < the_list_of_voices + count:
            if len(self._service.server.calls) <= the_list_of_voices:
                self._start_s = time.monotonic() - started
            time.sleep(0.002)

    def _reckon(self, results: Path, kept_before: set[str], text_of: dict[bytes, str]) -> set[str]:
        """Note what a run made, kept and broke; looked at in a copy, for the next run has to recover by itself."""
        self._service.server.settle()
        asked = Counter(self._service.requested)
        self._service.reset_calls()
        kept = {text_of[body] for body in self._answers_in_a_copy(results)}
        self.books.calls_made += asked.total()
        self.books.in_flight.append(len(set(asked) - kept))
        self.books.lost += [*sorted(kept_before - kept), *sorted(kept_before & set(asked))]
        self.books.torn += _torn(results)
        return kept

    def _answers_in_a_copy(self, results: Path) -> Iterator[bytes]:
        copy = self._folder / "copy"
        shutil.copytree(results / "answers", copy, copy_function=os.link) if (results / "answers").exists() else None
        store = AnswerStore(copy)
        store.open()
        yield from [store.read(path.name.removesuffix(".answer"))[1] for path in copy.glob("?/*.answer")]
        shutil.rmtree(copy)


def _let_live(run: Run, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not run.is_over and time.monotonic() < end:
        time.sleep(min(0.002, seconds))


def _torn(results: Path) -> list[str]:
    """Files under a final name that are not whole."""
    return [str(path) for path in results.rglob("*") if path.is_file() and not _is_whole(path)]


def _is_whole(path: Path) -> bool:
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
