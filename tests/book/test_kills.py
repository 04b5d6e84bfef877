"""Imports, checked runs, checks, regenerations and masters that are killed and rerun end with the same bytes."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

import voicemill
from tests.book.epubs import epub_of, items
from tests.book.killed_steps import CHECK
from tests.book.spoken_book import contents
from tests.book.spoken_book import write_manifest as write_spoken_book
from tests.faults.figures import SEED, SHARE, Report, size
from tests.flows.results import file_hashes, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.hostile_server import Call, Reply
from tests.hostile_speech import wav
from tests.hostile_transcripts import transcription_of
from tests.quality.sounds import speech_like
from voicemill.book.importing.folder import write_book
from voicemill.book.importing.import_book import import_book
from voicemill.store.durable_files import set_fault_hook

_RATE_HZ = 8000
_HEADERS = (("Content-Type", "audio/wav"), ("X-Request-Id", "r"))
_TEXTS = (
    "The first sentence is here and it is long.",
    "The second one follows it at once.",
    "The third one ends the text.",
    "A word.",
)
_BAD, _OTHER = "The second one", "The kettle whistled through an empty kitchen."
_ROWS = [{"id": "row", "text": " ".join(_TEXTS[:3])}, {"id": "other", "text": _TEXTS[3]}]
_KILLS_IN_A_ROW = 3 if SHARE else 1


class Steps:
    """Runs steps in processes that are forked for them, and kills those that are to be killed at a random moment."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._moments = np.random.RandomState(SEED)
        self.took_s: dict[str, float] = {}

    def run(self, step: str, *arguments: object) -> None:
        """Run a step to its end."""
        code = self._send(step, arguments, None)
        assert code == 0, f"{step} ended with {code}"

    def kill(self, step: str, *arguments: object) -> bool:
        """Kill a step at a random moment; False if it ended before that."""
        code = self._send(step, arguments, self._moments.uniform(0, 1.1 * self.took_s[step]))
        assert code <= 0, f"{step} ended with {code}"
        return code < 0

    def _send(self, step: str, arguments: tuple[object, ...], kill_after_s: float | None) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"step": step, "arguments": [*map(str, arguments)], "kill_after_s": kill_after_s}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        if reply["code"] == 0:
            self.took_s[step] = reply["took_s"]
        return int(reply["code"])


@pytest.fixture(scope="module")
def service() -> Iterator[SpeechService]:
    """The service that the steps call."""
    with speech_service() as service:
        yield service


@pytest.fixture(scope="module")
def steps(service: SpeechService) -> Iterator[Steps]:
    """Steps whose calls go to `service`."""
    service.replies = {"*": _spoken}
    command = [sys.executable, "-m", "tests.book.killed_steps"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Steps(process)
        process.communicate()


def _spoken(call: Call) -> Reply:
    """Speech that differs by text and take. The first take of one passage says other words, or ends in silence."""
    if call.path.startswith("/stt"):
        take, text = _received(call.body)
        said = _OTHER if take == 0 and text.startswith(_BAD) else text
        return transcription_of(said, said.split())
    take, text = int(call.headers.get("voicemill-take", 0)), call.transcript or ""
    samples = (speech_like(_length_s(take, text), _RATE_HZ) * 30_000).astype("<i2")
    silence_s = 3 if CHECK == "signals" and take == 0 and text.startswith(_BAD) else 0
    return Reply(200, _HEADERS, wav(samples.tobytes() + bytes(2 * silence_s * _RATE_HZ), _RATE_HZ))


def _length_s(take: int, text: str) -> float:
    return 1.5 + _TEXTS.index(text) + 0.2 * take


def _received(upload: bytes) -> tuple[int, str]:
    """The take and the text of uploaded speech, from its length."""
    start = upload.index(b"fLaC")
    flac = BytesIO(upload[start : upload.index(b"\r\n" + upload.split(b"\r\n")[0], start)])
    with av.open(flac, "r") as file:
        length_s = sum(frame.samples for frame in file.decode(audio=0)) / 16_000
    lengths_s = {(take, text): _length_s(take, text) for take in range(4) for text in _TEXTS}
    return min(lengths_s, key=lambda spoken: abs(lengths_s[spoken] - length_s))


def _calls(service: SpeechService) -> Counter[tuple[str, int, str]]:
    """How often each take was generated, and transcribed."""
    return Counter(
        ("stt", *_received(call.body))
        if call.path.startswith("/stt")
        else ("tts", int(call.headers.get("voicemill-take", 0)), call.transcript or "")
        for call in service.server.calls
        if call.method == "POST"
    )


def _kill_and_finish(steps: Steps, step: str, *arguments: object, is_done: Callable[[], bool] = lambda: False) -> int:
    """Kill a step several times, and run it to its end. Returns the number of kills."""
    for kills in range(_KILLS_IN_A_ROW):
        if not steps.kill(step, *arguments):
            return kills
        if is_done():
            return kills + 1
    steps.run(step, *arguments)
    return _KILLS_IN_A_ROW


def _outputs(results: Path) -> dict[str, str]:
    names = ("audio/", "passages.parquet")
    return {path: digest for path, digest in file_hashes(results).items() if path.startswith(names)}


def test_killed_imports_write_the_same_folder(steps: Steps, tmp_path: Path, report: Report) -> None:
    """An import that is killed and started again, without --force, writes the files of one that was never killed."""
    bodies = {f"c{number}.xhtml": f"<h1>Chapter {number}</h1>" + "<p>It rained.</p>" * 50 for number in range(20)}
    book = epub_of(tmp_path / "b.epub", bodies, items(*((name, name) for name in bodies)))
    steps.run("import", book, tmp_path / "undisturbed")
    kills = 0
    while kills < size(nightly=40, usual=1):
        folder = tmp_path / f"killed{kills}"
        kills += _kill_and_finish(steps, "import", book, folder, is_done=(folder / "book.toml").exists)
        assert contents(folder) == contents(tmp_path / "undisturbed")
        shutil.rmtree(folder)
    report("book_import_killed", {"kills": kills})


def test_import_that_dies_at_any_step_can_be_repeated(tmp_path: Path) -> None:
    """Wherever an import dies, its folder is complete, or the same import without --force completes it."""
    bodies = {f"c{number}.xhtml": f"<h1>Chapter {number}</h1><p>It rained.</p>" for number in range(2)}
    book = epub_of(tmp_path / "b.epub", bodies, items(*((name, name) for name in bodies)))
    write_book(import_book(book), book, tmp_path / "undisturbed")
    deaths = 0
    while _import_dies(book, tmp_path / f"died{deaths}", at_point=deaths):
        folder = tmp_path / f"died{deaths}"
        if not (folder / "book.toml").exists():
            write_book(import_book(book), book, folder)
        assert contents(folder) == contents(tmp_path / "undisturbed")
        deaths += 1
    assert deaths > 20


def _import_dies(book: Path, folder: Path, at_point: int) -> bool:
    """Import a book in a process that dies at a fault point; False if it ends before that."""
    child, code = os.fork(), 1
    if child == 0:
        try:
            points = count()
            set_fault_hook(lambda _name: os._exit(9) if next(points) == at_point else None)
            write_book(import_book(book), book, folder)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.parametrize("step", ["run", "regenerate"])
def test_killed_takes_are_not_billed_again(
    steps: Steps, service: SpeechService, tmp_path: Path, report: Report, step: str
) -> None:
    """After any kill, the next run uses the stored takes and transcriptions and ends with the same bytes.

    A call that was in flight when its process was killed is repeated; no other is. A further run makes no call.
    """
    manifest = write_manifest(tmp_path / "rows.csv", _ROWS)
    before, undisturbed = tmp_path / "before", tmp_path / "undisturbed"
    arguments: tuple[object, ...] = (manifest, undisturbed)
    if step == "regenerate":
        steps.run("run", manifest, before)
        shutil.copytree(before, undisturbed)
        arguments = (undisturbed, "row", 1)
    service.reset_calls()
    steps.run(step, *arguments)
    needed, kills, repeated = _calls(service), 0, 0
    while kills < size(nightly=40, usual=1):
        results = tmp_path / f"killed{kills}"
        if step == "regenerate":
            shutil.copytree(before, results)
        service.reset_calls()
        here = _kill_and_finish(
            steps,
            step,
            *(results if each == undisturbed else each for each in arguments),
            is_done=partial(_is_regenerated, results, step),
        )
        steps.run("run", manifest, results)
        more = _calls(service) - needed
        assert set(_calls(service)) == set(needed)
        assert more.total() <= here
        service.reset_calls()
        steps.run("run", manifest, results)
        assert (_calls(service).total(), _outputs(results)) == (0, _outputs(undisturbed))
        shutil.rmtree(results)
        kills, repeated = kills + here, repeated + more.total()
    report(f"book_{step}_killed", {"kills": kills, "calls_needed": needed.total(), "calls_repeated": repeated})


def _is_regenerated(results: Path, step: str) -> bool:
    """Whether the new take is published, so that the same command would generate a further one."""
    if step == "run":
        return False
    lines: list[dict[str, int]] = pq.read_table(results / "passages.parquet").to_pylist()
    return any(line["take"] == 1 for line in lines if line["passage"] == 1)


@pytest.mark.skipif(not SHARE, reason="part of `make kills`")
def test_killed_checks_give_the_same_verdicts(steps: Steps, tmp_path: Path, report: Report) -> None:
    """A check that is killed and started again gives the verdicts of one that was never killed, and changes no file."""
    manifest = write_manifest(tmp_path / "rows.csv", _ROWS)
    before, undisturbed = tmp_path / "before", tmp_path / "undisturbed"
    steps.run("run", manifest, before)
    shutil.copytree(before, undisturbed)
    steps.run("check", undisturbed)
    kills = 0
    while kills < size(nightly=40, usual=1):
        results = Path(shutil.copytree(before, tmp_path / f"killed{kills}"))
        kills += _kill_and_finish(steps, "check", results)
        assert voicemill.check(results) == voicemill.check(undisturbed)
        assert _outputs(results) == _outputs(before)
        shutil.rmtree(results)
    report("book_check_killed", {"kills": kills})


@pytest.mark.skipif(not SHARE, reason="part of `make kills`")
def test_killed_masters_deliver_the_same_bytes(steps: Steps, tmp_path: Path, report: Report) -> None:
    """A master that is killed and started again delivers the files and the table of one that was never killed."""
    manifest, before, undisturbed = write_spoken_book(tmp_path), tmp_path / "before", tmp_path / "undisturbed"
    voicemill.run(manifest, before, engine="embedded", timestamps=True, sample_rate=24_000)
    shutil.copytree(before, undisturbed)
    steps.run("master", undisturbed, undisturbed / "book")
    kills = 0
    while kills < size(nightly=40, usual=1):
        results = Path(shutil.copytree(before, tmp_path / f"killed{kills}"))
        kills += _kill_and_finish(steps, "master", results, results / "book")
        assert contents(results / "book") == contents(undisturbed / "book")
        shutil.rmtree(results)
    report("book_master_killed", {"kills": kills})
