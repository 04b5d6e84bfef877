"""What is streamed is sent while the rest is still to be made."""

import json
import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.engine_server import descendants, served_engine
from tests.engine.requests import FLOAT, SENTENCE, speech, speech_body
from tests.engine.wav_files import wav_of
from voicemill.engine.version import NATURAL_VERSION
from voicemill.engine.voice_analysis.world import converted
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.worker.voice_change import voice_change_pieces


def worker_of(pid: int) -> int:
    """The one worker that a served engine has at work."""
    (worker,) = [
        child for child in descendants(pid) if b"voicemill.engine.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return worker


def test_served_speech_arrives_while_it_is_generated(tmp_path: Path) -> None:
    """If the worker is killed after the first chunk, the stream ends with an error, so it was still generating."""
    received: list[str] = []
    sent = speech_body(" ".join([SENTENCE] * 250), output_format=FLOAT)
    headers = {"X-API-Key": "k", "Cartesia-Version": "2024-11-13"}
    with (
        served_engine(tmp_path) as engine,
        httpx.Client(base_url=engine.url, headers=headers, timeout=60) as client,
        client.stream("POST", "/tts/sse", json=sent) as response,
    ):
        for line in filter(None, response.iter_lines()):
            if not received:
                os.kill(worker_of(engine.pid), signal.SIGKILL)
            received.append(line)
    types = [json.loads(line.removeprefix("data: "))["type"] for line in received if line.startswith("data: ")]
    assert types[0] == "chunk"
    assert types[-1] == "error"
    assert "done" not in types


async def test_conversion_is_sent_block_by_block(
    api: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first raw chunk is ready after one block; a WAV needs all blocks, because its header has the length."""
    spoken = np.frombuffer(await speech(api, output_format=FLOAT), "<f4")
    (tmp_path / "clip").write_bytes(wav_of(spoken, 24000))
    made: list[int] = []

    def counted(*sent: Any) -> Any:
        for block in converted(*sent):
            made.append(block.size)
            yield block

    monkeypatch.setattr("voicemill.engine.worker.voice_change.converted", counted)
    monkeypatch.setattr("voicemill.engine.voice_analysis.blocks._LONGEST_FRAMES", 600)  # 3 s instead of 20 s
    timbre = next(asdict(voice.timbre) for voice in built_in_voices() if voice.name == "Hugo")
    for container, blocks in (("raw", 1), ("wav", 2)):
        made.clear()
        format = {"container": container, "sample_rate_hz": 24000, "encoding": "pcm_s16le"}
        sent = {"clip": str(tmp_path / "clip"), "timbre": timbre, "format": format, "version": NATURAL_VERSION}
        pieces = voice_change_pieces(sent)
        first = next(piece for piece in pieces if piece.body)
        assert len(made) == blocks
        body = first.body + b"".join(piece.body for piece in pieces)
        assert sum(made) == spoken.size
        assert len(body) == 2 * sum(made) + (44 if container == "wav" else 0)
