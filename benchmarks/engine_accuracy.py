"""Intelligibility of the engine's speech and accuracy of its recognition: word error rates with 95 % intervals.

python -m benchmarks.engine_accuracy [--sentences 60] [--voices Robin,Sarah] [folder with a transcripts.csv]
"""

import argparse
import asyncio
import csv
import random
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks.recogniser import word_error_rate
from benchmarks.sentences import HELD_OUT
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.voice import EngineVoice

WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
RESAMPLES = 1000
TO_BEAT = {
    "the synthesizer's best voice, with noise added": "13.4 %  (7 to 22), held out",
    "the synthesizer's own voice, with noise added": "25.8 %  (19 to 33), held out",
    "people": "24.5 %  (20 to 31), 408 words, tuned on 16 of 22",
}
"""The recogniser's own rate on other sentences, measured when the engine's components were chosen."""

Pairs = list[tuple[str, str]]


async def main(sentences: int, voices: list[str], recordings: Path) -> None:
    """Print a line per voice (default: all English ones), one for all voices, and one for recordings, if available."""
    app = create_app(EngineSettings(user_voices=Path(tempfile.mkdtemp()) / "voices.sqlite"))
    transport = httpx.ASGITransport(app=app)
    headers = {"X-API-Key": "k"}
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=headers, timeout=600) as client:
        everything: Pairs = []
        for voice in built_in_voices():
            if voice.name in voices or (not voices and voice.language == "en"):
                pairs = await heard_again(client, voice, HELD_OUT[:sentences])
                everything += pairs
                print(f"{voice.name:12} {figure(pairs)}; the first 20 alone {rate(pairs[:20]):6.1%}", flush=True)
        print(f"{'together':12} {figure(everything)}")
        if (recordings / "transcripts.csv").is_file():
            print(f"{'people':12} {figure(await heard_people(client, recordings))}")
    print("\nto beat:")
    for what, reached in TO_BEAT.items():
        print(f"  {reached:50} {what}")
    await app.state.engine.close()


async def heard_again(client: httpx.AsyncClient, voice: EngineVoice, texts: tuple[str, ...]) -> Pairs:
    """Generate sentences in a voice with `tts/bytes` and transcribe them with `stt`."""

    async def both_ways(text: str) -> tuple[str, str]:
        return text, await transcript(client, await spoken(client, text, voice.id))

    return list(await asyncio.gather(*map(both_ways, texts)))


async def heard_people(client: httpx.AsyncClient, recordings: Path) -> Pairs:
    """Transcribe recordings of people with `stt`."""
    with (recordings / "transcripts.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["transcript"], (recordings / row["file_name"]).read_bytes()) for row in csv.DictReader(file)]
    return [(text, await transcript(client, audio)) for text, audio in rows]


async def spoken(client: httpx.AsyncClient, text: str, voice: str) -> bytes:
    """The speech of a sentence in a voice."""
    body: dict[str, Any] = {"model_id": "sonic-2", "transcript": text, "voice": voice, "output_format": WAV}
    response = await client.post("/tts/bytes", json=body)
    return response.raise_for_status().content


async def transcript(client: httpx.AsyncClient, audio: bytes) -> str:
    """The engine's transcript of a recording."""
    response = await client.post("/stt", files={"file": audio}, data={"model": "ink-whisper"})
    text: str = response.raise_for_status().json()["text"]
    return text


def figure(pairs: Pairs) -> str:
    """The word error rate over all clips, with a bootstrap interval over clips."""
    draw = random.Random(0)
    samples = sorted(rate([draw.choice(pairs) for _ in pairs]) for _ in range(RESAMPLES))
    low, high = samples[RESAMPLES // 40], samples[-RESAMPLES // 40]
    words = sum(len(text.split()) for text, _ in pairs)
    return f"word error rate {rate(pairs):6.1%}  ({low:.0%} to {high:.0%}, {words} words)"


def rate(pairs: Pairs) -> float:
    """The word error rate over pairs of reference and transcript."""
    return word_error_rate([said for said, _ in pairs], [heard for _, heard in pairs])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", default=Path("../shared/speech"))
    parser.add_argument("--sentences", type=int, default=len(HELD_OUT), help="number of sentences per voice")
    parser.add_argument(
        "--voices", type=lambda names: names.split(","), default=[], help="only these voices, separated by commas"
    )
    asked = parser.parse_args()
    asyncio.run(main(asked.sentences, asked.voices, asked.recordings))
