"""A killed transcription repeats no answered call."""

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


def test_killed_transcription_resumes(runs: ForkedRuns, service: SpeechService, tmp_path: Path) -> None:
    """After three SIGKILLs a run has repeated only calls in flight and has every word once."""
    (tmp_path / "profile.toml").write_text(
        f"[defaults]\nop = 'stt'\noutput_format = 'srt'\n[pace]\nmax_concurrency = {_SLOTS}"
    )
    rows = [{"id": name, "audio": path} for name, path in zip(_NAMES, recordings(tmp_path, _NAMES), strict=True)]
    arguments = ("run", write_manifest(tmp_path / "talks.csv", rows), "-o", tmp_path / "results", "--profile",
                 tmp_path / "profile.toml")  # fmt: skip
    service.speaker.latency_s = 0.05
    stored_before: list[tuple[int, set[str]]] = []
    for calls in _AFTER_CALLS:
        run = runs.start(tmp_path, *arguments)
        while len(_requested(service)) < calls and not run.is_over:
            time.sleep(0.005)
        run.kill()
        run.wait()
        stored_before.append((len(_requested(service)), _stored(tmp_path / "results/answers")))
    result = runs.run(tmp_path, *arguments)
    assert result.code == 0, result.stderr
    requested = _requested(service)
    assert set(requested) == set(_NAMES)
    assert len(requested) <= len(_NAMES) + _SLOTS * len(_AFTER_CALLS)
    assert stored_before[-1][1]
    assert [kept & set(requested[calls:]) for calls, kept in stored_before] == [set()] * len(_AFTER_CALLS)
    table = pq.read_table(tmp_path / "results/words.parquet").to_pylist()
    assert [(line["id"], line["word"]) for line in table] == [
        (name, word) for name in _NAMES for word in name.split("-")
    ]
    assert {item["status"] for item in items(tmp_path / "results")} == {"done"}
    assert audit(tmp_path / "results") == []


def _requested(service: SpeechService) -> list[str]:
    return [embedded_words(call) for call in list(service.server.calls) if call.path == "/stt"]


def _stored(answers: Path) -> set[str]:
    """The recordings whose answers are completely stored."""
    store = AnswerStore(answers)
    store.open()
    texts = [read_transcription(store.read(path.stem)[1]).text for path in store.files()]
    return {"-".join(text.rstrip(".").lower().split()) for text in texts}
