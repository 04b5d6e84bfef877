"""A rerun of a finished run: seconds and memory by the number of rows.

    python -m benchmarks.rerun [rows ...]            # default: 10,000 and 100,000 rows

Plans the manifest and publishes its tables as a run does, but writes each part from the columns of the plan, without
calls. The audio files are links to a few small ones, and fingerprints are zeros: a rerun of at least 10,000 rows reads
none. Then runs the manifest again in another process, against a service without latency.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from benchmarks.numbered_rows import write_numbered_rows
from benchmarks.throughput import service
from voicemill.config import load_settings
from voicemill.html_report.page_file import PageWriter
from voicemill.html_report.write import _key
from voicemill.model import Outcome, Status
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.pipeline.prepare import planned_facts
from voicemill.pipeline.steps import RunSteps
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import write_part
from voicemill.store.tables.plan_table import PlanTable

_WAV = bytes(46)
_LINKS_PER_FILE = 50_000
_NAMES = ("id", "file_name")
_SMALL = {"sample_rate": 8000}
"""The smallest files: a plan whose files would not fit on the disk is not used again."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_RERUN = """
import json, pathlib, resource, sys, time
started = time.monotonic()
import voicemill
result = voicemill.run(sys.argv[1], sys.argv[2], sample_rate=8000)
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


_DONE = Outcome(
    "",
    Status.DONE,
    sha256="0" * 64,
    size_bytes=len(_WAV),
    duration_s=1.0,
    sample_rate_hz=44100,
    calls=1,
    credits=20.0,
    attempts=1,
    latency_s=0.2,
    started_at=_NOW,
    finished_at=_NOW,
    characters=20,
    fingerprint="0" * 64,
)


@dataclass
class FinishedSteps(RunSteps):
    """The steps of a run that writes every row as done, with a link to a small file, without a call."""

    sources: list[Path] = field(default_factory=list)
    links: int = 0

    async def run_shard(self, job: ShardJob) -> ShardResult:
        """Write the part of a shard."""
        folder, shard = ResultsFolder(job.results), job.shard
        planned = list(PlanTable(folder.plan).records(shard.start, shard.stop))
        names = {name: chain.from_iterable(table.column(name).to_pylist() for table in planned) for name in _NAMES}
        outcomes = [self._outcome(row_id, name, folder) for row_id, name in zip(*names.values(), strict=True)]
        write_part(shard.part, planned, outcomes, planned_facts(folder).carried)
        return ShardResult({Status.DONE.value: len(outcomes)})

    async def report(self, results: ResultsFolder) -> None:
        """Write a report without content: a rerun reads only the line that names the tables."""
        with results.report.open("wb") as file:
            PageWriter(file, _key(results)).end()
        results.record_sum(results.report)

    def _outcome(self, row_id: str, file_name: str, folder: ResultsFolder) -> Outcome:
        self._link(folder.path / file_name)
        return replace(_DONE, id=row_id, file_name=file_name, request_ids=(row_id,))

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
            asyncio.run(execute(RunSpec(str(manifest), results, load_settings(None, defaults=_SMALL)), FinishedSteps()))
            print(f"{rows:>11,} rows written in {time.monotonic() - started:.0f} s", flush=True)
            command = [sys.executable, "-c", _RERUN, str(manifest), str(results)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{rows:>11,} rows run again: {_line(json.loads(done.stdout.splitlines()[-1]))}", flush=True)


def _line(found: dict[str, float]) -> str:
    wall, memory = f"{found['wall_s']:.1f} s, {found['cpu_s']:.1f} s of CPU", f"{found['mb']:.0f} MB"
    return f"{wall}, {memory}, {found['unchanged']:,} rows unchanged, {found['calls']} calls"


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
