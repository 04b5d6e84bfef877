"""The order of system calls, traced by the kernel: files are durable before a table refers to them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.speech_service import SpeechService

_RUN = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from tests.pipeline.shard_runs import ShardRuns, spoken_rows
from voicemill.store.results_folder import ResultsFolder
shard_runs = ShardRuns(SimpleNamespace(url=sys.argv[1]), ResultsFolder(Path(sys.argv[2])))
asyncio.run(shard_runs.run(spoken_rows("One.", "Two.", "Three.", "Four.")))
"""
_FSYNC = re.compile(r"fsync\(\d+<(.+)>\) += 0")
_RENAME = re.compile(r'rename\("(.+)", "(.+)"\) += 0')
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_ROWS = 4


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_files_are_durable_before_their_table(service: SpeechService, tmp_path: Path) -> None:
    """For each answer and file, the fsync, the rename and the fsync of its folder precede the row's part table."""
    results = tmp_path / "results"
    steps = _traced(tmp_path / "strace.log", service.url, results)
    answers = [target for kind, _, target in steps if kind == "rename" and target.endswith(".answer")]
    assert len(answers) == _ROWS
    for answer in answers:
        _sync_of_folder(steps, Path(answer))
    for number in range(_ROWS):
        folder_synced = _sync_of_folder(steps, results / "audio" / f"row{number + 1}.wav")
        [table_written] = [
            place for place, (_, _, target) in enumerate(steps) if target.endswith(f"{number:05d}.0.parquet")
        ]
        assert folder_synced < table_written


def _traced(log: Path, *arguments: str | Path) -> list[tuple[str, str, str]]:
    trace: list[str | Path] = [
        "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "-qq",
        "-y",
        "-s",
        "4096",
        "-e",
        "trace=fsync,rename",
        "-o",
        log,
    ]
    command = [*trace, sys.executable, "-c", _RUN, *arguments]
    result = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if "ptrace" in result.stderr.lower():
        pytest.skip("tracing processes is not permitted")
    assert result.returncode == 0, result.stderr
    steps = []
    for line in _complete_lines(log.read_text().splitlines()):
        if synced := _FSYNC.search(line):
            steps.append(("fsync", synced[1], ""))
        elif renamed := _RENAME.search(line):
            steps.append(("rename", renamed[1], renamed[2]))
    return steps


def _complete_lines(lines: list[str]) -> Iterator[str]:
    """Join calls that the log interrupts for another thread, at the place where they ended."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>").rstrip()
        elif resumed := _RESUMED.search(call):
            yield begun.pop(thread) + resumed[1]
        else:
            yield call


def _sync_of_folder(steps: list[tuple[str, str, str]], final: Path) -> int:
    """The position of the fsync of a file's folder, which must follow the rename, which follows the file's fsync."""
    [renamed] = [place for place, (_, _, target) in enumerate(steps) if target == str(final)]
    partial = steps[renamed][1]
    assert ("fsync", partial, "") in steps[:renamed]
    folder = ("fsync", str(final.parent), "")
    assert folder in steps[renamed:]
    return steps.index(folder, renamed)
