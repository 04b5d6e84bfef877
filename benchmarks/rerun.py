"""A rerun of a finished run: seconds and memory by the number of rows.

    python -m benchmarks.rerun [rows ...]            # default: 1,000, 10,000 and 100,000 rows

Writes each finished results folder through the product's own tables, without calls: the audio files are links to a few
small ones. Then runs the manifest again in another process, against a service without latency, and reports the steps.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.numbered_rows import write_numbered_rows
from benchmarks.throughput import service
from voicemill.config import Settings
from voicemill.model import Outcome, Row, Status
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.pipeline.prepare import planned_facts
from voicemill.pipeline.steps import RunSteps
from voicemill.planning.row_calls import plan_row
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import write_part
from voicemill.store.tables.plan_table import PlanTable

_WAV = bytes(46)
_LINKS_PER_FILE = 50_000
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_RERUN = """
import json, pathlib, resource, sys, time
started = time.monotonic()
import voicemill
result = voicemill.run(sys.argv[1], sys.argv[2], settings=voicemill.Settings())
used = resource.getrusage(resource.RUSAGE_SELF)
status = pathlib.Path("/proc/self/status").read_text()
print(json.dumps({
    "wall_s": time.monotonic() - started,
    "cpu_s": used.ru_utime + used.ru_stime,
    "mb": int(status.split("VmHWM:")[1].split()[0]) / 1024,
    "unchanged": result.summary.rows_unchanged,
    "calls": result.summary.calls_made,
}))
"""


@dataclass
class FinishedSteps(RunSteps):
    """The steps of a run that writes every row as done, with a link to a small file, without a call."""

    service: str
    sources: list[Path] = field(default_factory=list)
    links: int = 0

    async def run_shard(self, job: ShardJob) -> ShardResult:
        """Write the part of a shard."""
        folder = ResultsFolder(job.results)
        plan, shard = PlanTable(folder.plan), job.shard
        outcomes = [self._outcome(row, job) for _, row in plan.rows(shard.start, shard.stop)]
        carried = planned_facts(folder).carried
        write_part(shard.part, plan.records(shard.start, shard.stop), outcomes, carried)
        return ShardResult({Status.DONE.value: len(outcomes)})

    def _outcome(self, row: Row, job: ShardJob) -> Outcome:
        self._link(job.results / row.file_name)
        made = plan_row(row, self.service, job.settings.long_text, job.settings.subtitles)
        return Outcome(
            row.id,
            Status.DONE,
            file_name=row.file_name,
            sha256="0" * 64,
            size_bytes=len(_WAV),
            duration_s=1.0,
            sample_rate_hz=44100,
            calls=1,
            credits=20.0,
            attempts=1,
            latency_s=0.2,
            request_ids=(row.id,),
            started_at=_NOW,
            finished_at=_NOW,
            characters=made.characters,
            fingerprint=made.fingerprint,
            check=row.check,
            takes=row.max_takes,
        )

    def _link(self, path: Path) -> None:
        if self.links % _LINKS_PER_FILE == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.sources.append(path.with_name(f"source{len(self.sources)}"))
            self.sources[-1].write_bytes(_WAV)
        self.links += 1
        os.link(self.sources[-1], path)


def main(sizes: list[int]) -> None:
    """Print one line for each size."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name, service(0.0) as base_url:
            os.environ["CARTESIA_BASE_URL"] = base_url
            folder = Path(name)
            manifest, results = write_numbered_rows(folder, rows), folder / "results"
            started = time.monotonic()
            steps = FinishedSteps(base_url)
            asyncio.run(execute(RunSpec(str(manifest), results, Settings()), steps))
            print(f"{rows:>11,} rows written in {time.monotonic() - started:.0f} s", flush=True)
            command = [sys.executable, "-c", _RERUN, str(manifest), str(results)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{rows:>11,} rows run again: {_line(json.loads(done.stdout.splitlines()[-1]))}", flush=True)


def _line(found: dict[str, float]) -> str:
    wall, memory = f"{found['wall_s']:.1f} s, {found['cpu_s']:.1f} s of CPU", f"{found['mb']:.0f} MB"
    return f"{wall}, {memory}, {found['unchanged']:,} rows unchanged, {found['calls']} calls"


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000])
