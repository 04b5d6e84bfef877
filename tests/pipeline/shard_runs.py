"""Runs of given rows, without a manifest: planned, split into shards and processed as the pipeline does it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile_server import HostileServer
from tests.planning.rows import row
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.transport import Transport
from voicemill.config import ApiKey, Settings
from voicemill.model import Outcome, Row, Status
from voicemill.model.audio_formats import AudioFormat
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.jobs import open_context
from voicemill.pipeline.selection import EVERY_ROW
from voicemill.pipeline.shard import process_shard, split_into_shards
from voicemill.pipeline.word_timings import publish_timings
from voicemill.pipeline.workers import run_concurrently
from voicemill.planning.predictions import needs_of
from voicemill.service import Service
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import known_outcomes, publish_items, read_items
from voicemill.store.tables.plan_table import PlanTable, PlanWriter

RATE_HZ = 8000
WAV = AudioFormat("wav", RATE_HZ, "pcm_s16le")
QUICK = {"max_concurrency": 4, "first_wait_s": 0.001, "longest_wait_s": 0.002, "attempt_deadline_s": 20.0}


def spoken_row(number: int, transcript: str, **fields: Any) -> Row:
    """A row for a run."""
    given = {"number": number, "id": f"row{number}", "format": WAV, "file_name": f"audio/row{number}.wav"}
    return row(transcript, **given | fields)


def spoken_rows(*transcripts: str) -> list[Row]:
    """One row per transcript."""
    return [spoken_row(number, transcript) for number, transcript in enumerate(transcripts, 1)]


@dataclass
class Worked:
    """The outcome of a run."""

    items: list[dict[str, Any]]
    context: RunContext

    def ended(self, status: Status) -> list[str]:
        """The ids of the rows with this status."""
        return [item["id"] for item in self.items if item["status"] == status]


@dataclass
class ShardRuns:
    """Runs in one results folder with one server."""

    server: HostileServer
    results: ResultsFolder
    runs: int = 0
    logged: list[str] = field(default_factory=list)

    def file(self, of: Row) -> bytes:
        """The path of a row's file."""
        return (self.results.path / of.file_name).read_bytes()

    async def run(
        self,
        rows: Sequence[Row],
        meanwhile: Callable[[RunContext], Any] | None = None,
        on_few_left: Callable[[RunContext], None] = lambda _context: None,
        **settings: Any,
    ) -> Worked:
        """Process `rows` and publish the table; `settings` are given by section.

        `meanwhile` is awaited beside the work, `on_few_left` called by each shard when fewer rows are left than slots.
        """
        self.runs += 1
        given = Settings.model_validate(settings | {"pace": QUICK | settings.get("pace", {})})
        self.results.create()
        with PlanWriter(self.results.plan) as writer:
            for each in rows:
                writer.append(each, needs_of(each, given.long_text).calls)
        async with self._open_context(given) as context:
            plan = PlanTable(self.results.plan)
            shards = split_into_shards(plan, self.results.new_parts(f"run{self.runs}"))
            jobs = [partial(process_shard, shard, plan, {}, context, partial(on_few_left, context)) for shard in shards]
            waiting = [partial(meanwhile, context)] if meanwhile else []
            await run_concurrently([*waiting, *jobs], len(jobs) + 1, _do)
        parts = [shard.part for shard in shards]
        publish_timings(self.results, items_changed=publish_items(parts, self.results.items, {}))
        self.results.clear_parts()
        return Worked(list(read_items([self.results.items])), context)

    @asynccontextmanager
    async def _open_context(self, settings: Settings) -> AsyncIterator[RunContext]:
        pace, key = settings.pace, ApiKey("key")
        async with Transport(
            self.server.url,
            key,
            api_version="2024-11-13",
            deadline_s=pace.attempt_deadline_s,
            stall_s=pace.stall_s,
        ) as transport:
            service = Service("hostile", "", CartesiaClient.over(transport))
            async with open_context(
                f"run{self.runs}", self.results, settings, service, EVERY_ROW, self.logged.append
            ) as opened:
                yield opened.context

    def known(self, *ids: str) -> dict[str, Outcome]:
        """The done rows of the published table."""
        return known_outcomes([self.results.items], ids)

    def answer_file(self, key: str) -> Path:
        """The path of the answer to a call."""
        return self.results.answers("") / key[:1] / f"{key}.answer"


async def _do(job: Callable[[], Any]) -> None:
    await job()
