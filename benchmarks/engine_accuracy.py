"""How well the embedded engine is understood, and how well it understands: word error rates with 95 % intervals.

python -m benchmarks.engine_accuracy [folder of recordings with a transcripts.csv]
"""

import asyncio
import csv
import random
import sys
from pathlib import Path
from typing import Any

import httpx

from benchmarks.recogniser import word_error_rate
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices

SENTENCES = [
    "The president said that the government would continue to support the economy during the next year.",
    "She wanted to know whether the people in the village had ever seen the ocean before.",
    "My father worked in the same company for more than thirty years, and he never complained about it.",
    "It was a bright cold day in April, and the clocks were striking thirteen.",
    "We have to leave early tomorrow morning, because the train does not wait for anyone.",
    "He opened the letter slowly and read the first two lines without saying a word.",
    "There are many reasons why people choose to live in the city rather than in the country.",
    "If you have any questions about the program, please call the office before noon.",
    "Most of the students who passed the examination had studied together every evening.",
    "The doctor told him that he should take a long walk every day and drink more water.",
    "Our neighbors bought a new house near the river last summer.",
    "The children were playing in the garden while their mother was making dinner in the kitchen.",
]
WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
RESAMPLES = 1000


async def main(recordings: Path) -> None:
    """Print a line a voice, then one for the recordings where there are any."""
    app = create_app(EngineSettings())
    transport = httpx.ASGITransport(app=app)
    headers = {"X-API-Key": "k"}
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=headers, timeout=600) as client:
        for voice in built_in_voices():
            if voice.language == "en":
                said = [(text, await spoken(client, text, voice.id)) for text in SENTENCES]
                print(f"{voice.name:12} {await figure(client, said)}")
        if (recordings / "transcripts.csv").is_file():
            with (recordings / "transcripts.csv").open(newline="", encoding="utf-8") as file:
                read = [
                    (row["transcript"], (recordings / row["file_name"]).read_bytes()) for row in csv.DictReader(file)
                ]
            print(f"{'recordings':12} {await figure(client, read)}")
    await app.state.engine.close()


async def spoken(client: httpx.AsyncClient, text: str, voice: str) -> bytes:
    """A sentence in a voice."""
    body: dict[str, Any] = {"model_id": "sonic-2", "transcript": text, "voice": voice, "output_format": WAV}
    response = await client.post("/tts/bytes", json=body)
    return response.raise_for_status().content


async def figure(client: httpx.AsyncClient, clips: list[tuple[str, bytes]]) -> str:
    """The word error rate over all clips, with a bootstrap interval over clips."""
    pairs = [(text, await transcript(client, audio)) for text, audio in clips]
    draw = random.Random(0)
    samples = sorted(rate([draw.choice(pairs) for _ in pairs]) for _ in range(RESAMPLES))
    low, high = samples[RESAMPLES // 40], samples[-RESAMPLES // 40]
    words = sum(len(text.split()) for text, _ in pairs)
    return f"word error rate {rate(pairs):6.1%}  ({low:.0%} to {high:.0%}, {words} words)"


async def transcript(client: httpx.AsyncClient, audio: bytes) -> str:
    """What the engine hears."""
    response = await client.post("/stt", files={"file": audio}, data={"model": "ink-whisper"})
    text: str = response.raise_for_status().json()["text"]
    return text


def rate(pairs: list[tuple[str, str]]) -> float:
    """Wrong words as a share of all, over pairs of what was said and what was heard."""
    return word_error_rate(" ".join(said for said, _ in pairs), " ".join(heard for _, heard in pairs))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/speech")))
