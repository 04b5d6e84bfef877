"""Transcription keeps the promises of speech: killed at any instant, it repeats no answered call."""

import time
from pathlib import Path

import pyarrow.parquet as pq

from tests.faults.process_runs import ForkedRuns
from tests.flows.results import items, write_manifest
from tests.flows.scripted_recordings import recordings
from tests.flows.speech_service import SpeechService
from tests.hostile_transcripts import embedded_words
from voicemill.cartesia.stt import read_transcription
from voicemill.pipeline.audit import audit
from voicemill.store.answer_store import AnswerStore

_SLOTS = 4
_NAMES = [f"talk-{number:02d}" for number in range(40)]
_AFTER_CALLS = (6, 12, 18)


def test_a_killed_transcription_goes_on(runs: ForkedRuns, service: SpeechService, tmp_path: Path) -> None:
    """Killed three times by SIGKILL, a run asks again only what was in flight, and has every word once."""
    (tmp_path / "own.toml").write_text(
        f"[defaults]\nop = 'stt'\noutput_format = 'srt'\n[pace]\nmax_concurrency = {_SLOTS}"
    )
    rows = [{"id": name, "audio": path} for name, path in zip(_NAMES, recordings(tmp_path, _NAMES), strict=True)]
    arguments = ("run", write_manifest(tmp_path / "talks.csv", rows), "-o", tmp_path / "results", "--profile",
                 tmp_path / "own.toml")  # fmt: skip
    service.speaker.latency_s = 0.05
    kept_before: list[tuple[int, set[str]]] = []
    for calls in _AFTER_CALLS:
        run = runs.start(tmp_path, *arguments)
        while len(_asked(service)) < calls and not run.is_over:
            time.sleep(0.005)
        run.kill()
        run.wait()
        kept_before.append((len(_asked(service)), _kept(tmp_path / "results/answers")))
    ended = runs.run(tmp_path, *arguments)
    assert ended.code == 0, ended.stderr
    asked = _asked(service)
    assert set(asked) == set(_NAMES)
    assert len(asked) <= len(_NAMES) + _SLOTS * len(_AFTER_CALLS)
    assert kept_before[-1][1]
    assert [kept & set(asked[calls:]) for calls, kept in kept_before] == [set()] * len(_AFTER_CALLS)
    table = pq.read_table(tmp_path / "results/words.parquet").to_pylist()
    assert [(line["id"], line["word"]) for line in table] == [
        (name, word) for name in _NAMES for word in name.split("-")
    ]
    assert {item["status"] for item in items(tmp_path / "results")} == {"done"}
    assert audit(tmp_path / "results") == []


def _asked(service: SpeechService) -> list[str]:
    return [embedded_words(call) for call in list(service.server.calls) if call.path == "/stt"]


def _kept(answers: Path) -> set[str]:
    """The recordings whose answers a killed run has left whole."""
    store = AnswerStore(answers)
    store.open()
    texts = [read_transcription(store.read(path.stem)[1]).text for path in store.files()]
    return {"-".join(text.rstrip(".").lower().split()) for text in texts}
