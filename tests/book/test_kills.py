"""Imports, checked runs and regenerations that are killed at random moments and rerun end with the same bytes."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.book.epubs import epub_of, items
from tests.book.killed_steps import import_step, regenerate_step, run_step
from tests.book.spoken_book import contents
from tests.faults.figures import SEED, Report, size
from tests.flows.results import file_hashes, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import wav
from tests.quality.sounds import speech_like

_RATE_HZ = 8000
_HEADERS = (("Content-Type", "audio/wav"), ("X-Request-Id", "r"))
_TEXT = "The first sentence is here and it is long. The second one follows it at once. The third one ends the text."
_BAD = "The second one"


def _killed(kill_after_cpu_s: float, *arguments: object) -> bool:
    """Run a step in a process that is killed after some CPU time; False if it was finished before that."""
    command = [sys.executable, "-m", "tests.book.killed_steps", f"{kill_after_cpu_s:.4f}", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode <= 0, ended.stderr
    return ended.returncode < 0


def _spoken(call: Call) -> Reply:
    """Speech that differs by take; the first take of one passage has a gap of three seconds."""
    take = int(call.headers.get("voicemill-take", 0))
    samples = (speech_like(1.5 + len(call.transcript or "") / 100, _RATE_HZ) * (30_000 - 500 * take)).astype("<i2")
    gap = bytes(3 * 2 * _RATE_HZ) if take == 0 and (call.transcript or "").startswith(_BAD) else b""
    body = samples.tobytes()
    return Reply(200, _HEADERS, wav(body[: len(body) // 4 * 2] + gap + body[len(body) // 4 * 2 :], _RATE_HZ))


def _takes(service: SpeechService) -> Counter[tuple[str, str]]:
    calls = (call for call in service.server.calls if call.path == "/tts/bytes")
    return Counter((call.transcript or "", call.headers.get("voicemill-take", "0")) for call in calls)


def _outputs(results: Path) -> dict[str, str]:
    names = ("audio/", "passages.parquet")
    return {path: digest for path, digest in file_hashes(results).items() if path.startswith(names)}


def _take_of_passage(results: Path) -> int:
    lines: list[dict[str, int]] = pq.read_table(results / "passages.parquet").to_pylist()
    return max(line["take"] for line in lines if line["passage"] == 1)


def test_killed_imports_write_the_same_folder(tmp_path: Path, report: Report) -> None:
    """An import that is killed and started again, without --force, writes the files of one that was never killed."""
    bodies = {f"c{number}.xhtml": f"<h1>Chapter {number}</h1>" + "<p>It rained.</p>" * 50 for number in range(20)}
    book = epub_of(tmp_path / "b.epub", bodies, items(*((name, name) for name in bodies)))
    import_step(str(book), str(tmp_path / "undisturbed"))
    kills, moments = 0, np.random.RandomState(SEED)
    wanted = size(nightly=70, usual=1)
    while kills < wanted:
        kills += _killed(float(moments.uniform(0.01, 0.3)), "import", book, tmp_path / "killed")
        if (tmp_path / "killed/book.toml").exists():
            (tmp_path / "killed").rename(tmp_path / f"finished{kills}")
    import_step(str(book), str(tmp_path / "killed"))
    assert contents(tmp_path / "killed") == contents(tmp_path / "undisturbed")
    report("kills_of_import", {"kills": kills})


def _prepare(step: str, manifest: Path, results: Path) -> None:
    """The results that the step starts from: those of a run, or none."""
    if step == "regenerate":
        run_step(str(manifest), str(results))


def _finish(step: str, manifest: Path, results: Path) -> None:
    if step == "run":
        run_step(str(manifest), str(results))
    else:
        regenerate_step(str(results), "row", "1")


def _kill_until_done(step: str, manifest: Path, results: Path, moments: np.random.RandomState) -> int:
    """Kill a step at random moments, twice at most, and finish it. Returns the number of kills."""
    arguments = ("run", manifest, results) if step == "run" else ("regenerate", results, "row", 1)
    for kills in range(2):
        if not _killed(float(moments.uniform(0.01, 0.6)), *arguments):
            return kills
        if step == "regenerate" and _take_of_passage(results) == 1:
            return kills + 1
    _finish(step, manifest, results)
    return 2


@pytest.mark.parametrize("step", ["run", "regenerate"])
def test_killed_takes_are_not_billed_again(service: SpeechService, tmp_path: Path, report: Report, step: str) -> None:
    """After any kill, the next run uses the stored takes and ends with the same bytes; a further one makes no call.

    A call that was in flight when its process was killed is repeated; no other is.
    """
    service.replies = {"*": _spoken}
    manifest = write_manifest(tmp_path / "rows.csv", [{"id": "row", "text": _TEXT}, {"id": "other", "text": "A word."}])
    undisturbed = tmp_path / "undisturbed"
    _prepare(step, manifest, undisturbed)
    service.reset_calls()
    _finish(step, manifest, undisturbed)
    distinct = _takes(service)
    kills = calls_repeated = 0
    moments, wanted = np.random.RandomState(SEED), size(nightly=65, usual=1)
    while kills < wanted:
        results = tmp_path / f"killed{kills}"
        shutil.rmtree(results, ignore_errors=True)
        _prepare(step, manifest, results)
        service.reset_calls()
        kills_here = _kill_until_done(step, manifest, results, moments)
        repeated = _takes(service) - distinct
        assert set(_takes(service)) == set(distinct)
        assert repeated.total() <= kills_here
        service.reset_calls()
        run_step(str(manifest), str(results))
        assert (service.requested, _outputs(results)) == ([], _outputs(undisturbed))
        kills, calls_repeated = kills + kills_here, calls_repeated + repeated.total()
    report(f"kills_of_{step}_with_takes", {"kills": kills, "calls_repeated": calls_repeated})
