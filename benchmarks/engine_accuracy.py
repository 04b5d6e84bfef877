"""Accuracy of the embedded engine: word error rates with 95 % intervals, DNSMOS, CPU time and memory.

python -m benchmarks.engine_accuracy [--sentences 60] [--voices Robin,Sarah] [--engines local] [folder]

The folder has recordings of people and a transcripts.csv; without that file, only the voices are measured.

Speech is transcribed by Whisper base, in recordings of three sentences, and so are the recordings of people. The small
engine's own recognizer transcribes the people too. CPU time and memory are those of the worker that speaks or
transcribes, per second of audio. `voicemill[local]` must be installed.
"""

import argparse
import asyncio
import csv
import io
import tempfile
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.dnsmos import overall_quality
from benchmarks.engine_server import cpu_s, descendants, peak_bytes
from benchmarks.recognizer import read
from benchmarks.sentences import HELD_OUT
from benchmarks.word_errors import Pairs, error_rate_line
from voicemill.engine.app import create_app
from voicemill.engine.choice import EngineChoice
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.voice import EngineVoice

RATE_HZ = 24_000
WAV = {"container": "wav", "sample_rate": RATE_HZ, "encoding": "pcm_s16le"}
PEOPLE_RATE_HZ = 16_000
GROUP = 3
ENGINES: tuple[EngineChoice, ...] = ("small", "local")
WARM_UP = "One."


@dataclass(frozen=True, slots=True)
class OneWorker:
    """An engine with one worker process."""

    app: Any
    client: httpx.AsyncClient

    def used(self) -> tuple[float, int]:
        """The CPU seconds of the worker and its synthesizers so far, and their peak memory in bytes."""
        workers = self.app.state.engine.workers.pids
        pids = [pid for worker in workers for pid in (worker, *descendants(worker))]
        return sum(map(cpu_s, pids)), sum(map(peak_bytes, pids))


@asynccontextmanager
async def one_worker(engine: EngineChoice, **settings: Any) -> AsyncIterator[OneWorker]:
    """An engine in this process, closed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "voices.sqlite"
        app = create_app(EngineSettings(engine=engine, workers=1, user_voices=store, **settings))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://engine", headers={"X-API-Key": "k"}, timeout=None
        ) as client:
            yield OneWorker(app, client)
        await app.state.engine.close()


async def main(voices: Sequence[EngineVoice], engines: Sequence[EngineChoice], sentences: int, people: Path) -> None:
    """Print one line per engine and voice, then the recordings of people by both recognizers."""
    async with one_worker("local") as listener:
        for engine in engines:
            async with one_worker(engine) as speaker:
                for voice in voices:
                    line = await voice_line(speaker, listener, voice.id, HELD_OUT[:sentences])
                    print(f"{engine:6} {voice.name:8} {line}", flush=True)
    for engine in engines if (people / "transcripts.csv").is_file() else ():
        async with one_worker(engine) as listener:
            print(f"{engine:6} people   {await people_line(listener, people)}", flush=True)


async def voice_line(speaker: OneWorker, listener: OneWorker, voice: str, texts: Sequence[str]) -> str:
    """Speak `texts` in groups, transcribe each group, and state error rate, quality, speed and memory."""
    await spoken(speaker, WARM_UP, voice)
    before_s, _ = speaker.used()
    groups = [" ".join(texts[start : start + GROUP]) for start in range(0, len(texts), GROUP)]
    recordings = [await spoken(speaker, text, voice) for text in groups]
    usage = usage_line(speaker, before_s, sum(map(duration_s, recordings)))
    pairs = [(text, await transcript(listener, audio)) for text, audio in zip(groups, recordings, strict=True)]
    quality = np.mean([overall_quality(samples_of(audio), RATE_HZ) for audio in recordings])
    return f"{error_rate_line(pairs)}  DNSMOS {quality:.2f}  {usage}"


async def people_line(listener: OneWorker, recordings: Path) -> str:
    """Transcribe the recordings of a folder and state error rate, speed and memory."""
    with (recordings / "transcripts.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["transcript"], recordings / row["file_name"]) for row in csv.DictReader(file)]
    await transcript(listener, rows[0][1].read_bytes())
    before_s, _ = listener.used()
    pairs: Pairs = [(text, await transcript(listener, path.read_bytes())) for text, path in rows]
    length_s = sum(read(path).size / PEOPLE_RATE_HZ for _, path in rows)
    return f"{error_rate_line(pairs)}  {usage_line(listener, before_s, length_s)}"


def usage_line(engine: OneWorker, before_s: float, audio_s: float) -> str:
    """The worker's CPU time since `before_s` per second of audio, and its peak memory."""
    now_s, peak = engine.used()
    return f"{(now_s - before_s) / audio_s:.3f} CPU s per s, {peak >> 20} MiB"


async def spoken(engine: OneWorker, text: str, voice: str) -> bytes:
    """A text as a WAV file."""
    body = {"model_id": "sonic-2", "transcript": text, "voice": voice, "output_format": WAV}
    return (await engine.client.post("/tts/bytes", json=body)).raise_for_status().content


async def transcript(engine: OneWorker, audio: bytes) -> str:
    """The engine's transcript of an English recording."""
    fields = {"model": "ink-whisper", "language": "en"}
    response = await engine.client.post("/stt", files={"file": audio}, data=fields)
    text: str = response.raise_for_status().json()["text"]
    return text


def samples_of(audio: bytes) -> NDArray[np.float32]:
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(audio)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)


def duration_s(audio: bytes) -> float:
    """The duration of a WAV file."""
    return samples_of(audio).size / RATE_HZ


def named(names: str) -> list[str]:
    """The entries of a list separated by commas."""
    return names.split(",")


if __name__ == "__main__":
    english = [voice for voice in built_in_voices() if voice.language == "en"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", default=Path("../shared/speech"))
    parser.add_argument("--sentences", type=int, default=len(HELD_OUT), help="sentences per voice")
    parser.add_argument("--voices", type=named, default=[voice.name for voice in english], help="only these, by name")
    parser.add_argument("--engines", type=named, default=ENGINES, help="small, local or both")
    arguments = parser.parse_args()
    chosen = [voice for voice in english if voice.name in arguments.voices]
    asyncio.run(main(chosen, arguments.engines, arguments.sentences, arguments.recordings))
