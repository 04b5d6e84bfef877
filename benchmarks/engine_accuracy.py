"""Accuracy of the embedded engine: word error rates with 95 % intervals, DNSMOS, CPU time and memory.

python -m benchmarks.engine_accuracy [--sentences 60] [--voices Robin,Sarah] [--engines local] [folder]

The folder has recordings of people and a transcripts.csv.

Speech is transcribed by Whisper base, in recordings of three sentences, and so are the recordings of people. The small
engine's own recognizer transcribes the people too. `voicemill[local]` must be installed.
"""

import argparse
import asyncio
import csv
import random
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np

from benchmarks.dnsmos import overall_quality
from benchmarks.sentences import HELD_OUT
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices

RATE_HZ = 24_000
RAW = {"container": "raw", "sample_rate": RATE_HZ, "encoding": "pcm_s16le"}
WAV = {"container": "wav", "sample_rate": RATE_HZ, "encoding": "pcm_s16le"}
GROUP = 3
RESAMPLES = 1000

Pairs = list[tuple[str, str]]


def normalized(text: str) -> str:
    """English text as OpenAI normalizes it before counting errors: numbers, spelling and punctuation made alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from whisper_normalizer.english import EnglishTextNormalizer
    result: str = EnglishTextNormalizer()(text)
    return result


def engine_client(app: Any) -> httpx.AsyncClient:
    """A client of an engine in this process."""
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://engine", headers={"X-API-Key": "k"}, timeout=600)


async def main(sentences: int, voices: list[str], engines: list[str], recordings: Path) -> None:
    """Print one line per engine and voice, then the recordings of people by both recognizers."""
    folder = Path(tempfile.mkdtemp())
    small = create_app(EngineSettings(engine="small", workers=1, user_voices=folder / "small.sqlite"))
    local = create_app(EngineSettings(engine="local", workers=1, user_voices=folder / "local.sqlite"))
    chosen = [voice for voice in built_in_voices() if voice.language == "en" and voice.name in (voices or [voice.name])]
    async with engine_client(small) as small_client, engine_client(local) as local_client:
        clients = {"small": small_client, "local": local_client}
        for name in engines:
            for voice in chosen:
                line = await voice_line(clients[name], local_client, voice.id, HELD_OUT[:sentences])
                print(f"{name:6} {voice.name:8} {line}", flush=True)
        if (recordings / "transcripts.csv").is_file():
            for name in engines:
                listener = clients[name]
                print(f"{name:6} people   {figure(await people(listener, recordings))}", flush=True)
    await small.state.engine.close()
    await local.state.engine.close()


async def voice_line(speaker: httpx.AsyncClient, listener: httpx.AsyncClient, voice: str, texts: Sequence[str]) -> str:
    """Speak `texts` in groups, transcribe each group, and state error rate and quality."""
    pairs: Pairs = []
    qualities = []
    for start in range(0, len(texts), GROUP):
        text = " ".join(texts[start : start + GROUP])
        body: dict[str, Any] = {"model_id": "sonic-2", "transcript": text, "voice": voice}
        samples = (await speaker.post("/tts/bytes", json=body | {"output_format": RAW})).raise_for_status().content
        qualities.append(overall_quality(np.frombuffer(samples, "<i2") / 32768, RATE_HZ))
        audio = (await speaker.post("/tts/bytes", json=body | {"output_format": WAV})).raise_for_status().content
        pairs.append((text, await transcript(listener, audio)))
    return f"{figure(pairs)}  DNSMOS {np.mean(qualities):.2f}"


async def people(client: httpx.AsyncClient, recordings: Path) -> Pairs:
    """The recordings of a folder with their transcripts, through `stt`."""
    with (recordings / "transcripts.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["transcript"], (recordings / row["file_name"]).read_bytes()) for row in csv.DictReader(file)]
    return [(text, await transcript(client, audio)) for text, audio in rows]


async def transcript(client: httpx.AsyncClient, audio: bytes) -> str:
    """The engine's transcript of an English recording."""
    response = await client.post("/stt", files={"file": audio}, data={"model": "ink-whisper", "language": "en"})
    text: str = response.raise_for_status().json()["text"]
    return text


def figure(pairs: Pairs) -> str:
    """The word error rate, with a bootstrap interval over recordings."""
    draw = random.Random(0)
    alike = [(normalized(reference), normalized(transcript)) for reference, transcript in pairs]
    samples = sorted(rate([draw.choice(alike) for _ in alike]) for _ in range(RESAMPLES))
    low, high = samples[RESAMPLES // 40], samples[-RESAMPLES // 40]
    words = sum(len(text.split()) for text, _ in alike)
    return f"word error rate {rate(alike):6.1%}  ({low:.0%} to {high:.0%}, {words} words)"


def rate(pairs: Pairs) -> float:
    """Wrong words as a share of all."""
    return float(jiwer.wer([expected for expected, _ in pairs], [found for _, found in pairs]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", default=Path("../shared/speech"))
    parser.add_argument("--sentences", type=int, default=len(HELD_OUT), help="sentences per voice")
    parser.add_argument("--voices", type=lambda names: names.split(","), default=[], help="only these, by name")
    engines = ("small", "local")
    parser.add_argument("--engines", type=lambda names: names.split(","), default=engines, help="small, local or both")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.sentences, arguments.voices, arguments.engines, arguments.recordings))
