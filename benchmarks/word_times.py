"""Word timestamps of generated speech, compared with a forced alignment of the audio with its text.

python -m benchmarks.word_times [--sentences 20] [--voices Sarah,Arthur]

pocketsphinx aligns each sentence, in frames of 10 ms, with a US English acoustic model.
"""

import argparse
import asyncio
import base64
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from pocketsphinx import Decoder

from benchmarks.recognizer import RATE_HZ, with_dither
from benchmarks.sentences import HELD_OUT
from voicemill.engine.app import create_app
from voicemill.engine.choice import EngineChoice
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices

RAW = {"container": "raw", "sample_rate": RATE_HZ, "encoding": "pcm_f32le"}
FRAME_S = 0.01
ENGINES: tuple[EngineChoice, ...] = ("small", "local")


class TimedWord(NamedTuple):
    """A word from `start_s` to `end_s`."""

    word: str
    start_s: float
    end_s: float


async def main(voices: Sequence[str], sentences: int) -> None:
    """Print the deviations of each engine and voice."""
    decoder = Decoder(samprate=RATE_HZ, loglevel="FATAL", bestpath=False)
    chosen = [voice for voice in built_in_voices() if voice.name in voices]
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            app = create_app(EngineSettings(engine=engine, workers=1, user_voices=Path(folder) / "voices.sqlite"))
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://engine", headers={"X-API-Key": "k"}, timeout=600
            ) as client:
                for voice in chosen:
                    pairs = [
                        pair
                        for text in HELD_OUT[:sentences]
                        for pair in aligned_pairs(decoder, *await spoken(client, text, voice.id))
                    ]
                    print(f"{engine:6} {voice.name:8} {len(pairs)} words  {deviations(pairs)}", flush=True)
            await app.state.engine.close()


def deviations(pairs: Sequence[tuple[TimedWord, TimedWord]]) -> str:
    """The median and the 90th percentile of the deviation of starts and ends, and the median of the signed one."""
    shown = []
    for name in ("start_s", "end_s"):
        signed_ms = np.array([1000 * (getattr(word, name) - getattr(aligned, name)) for word, aligned in pairs])
        middle, most = np.percentile(np.abs(signed_ms), [50, 90])
        shown.append(f"{name[:-2]} p50 {middle:.0f} ms, p90 {most:.0f} ms ({np.median(signed_ms):+.0f} ms)")
    return "  ".join(shown)


async def spoken(client: httpx.AsyncClient, text: str, voice: str) -> tuple[list[TimedWord], Any]:
    """The words of a text with the engine's times, and the samples."""
    body = {"model_id": "sonic-2", "transcript": text, "voice": voice, "output_format": RAW, "add_timestamps": True}
    response = (await client.post("/tts/sse", json=body)).raise_for_status()
    words: list[TimedWord] = []
    audio = b""
    for event in _events(response.text):
        audio += base64.b64decode(event.get("data") or "")
        if event["type"] == "timestamps":
            columns = event["word_timestamps"]
            words += map(TimedWord, columns["words"], columns["start"], columns["end"])
    return words, np.frombuffer(audio, "<f4")


def _events(stream: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: "))


def aligned_pairs(decoder: Decoder, words: list[TimedWord], samples: Any) -> Iterator[tuple[TimedWord, TimedWord]]:
    """Each word beside its aligned counterpart; nothing when the text cannot be aligned."""
    found = list(_alignment(decoder, [word.word.lower() for word in words], samples))
    if [word.word for word in found] == [word.word.lower() for word in words]:
        yield from zip(words, found, strict=True)


def _alignment(decoder: Decoder, words: list[str], samples: Any) -> Iterator[TimedWord]:
    decoder.reinit_feat()
    decoder.set_align_text(" ".join(words))
    decoder.start_utt()
    decoder.process_raw(with_dither(samples), full_utt=True)
    decoder.end_utt()
    for segment in decoder.seg() or ():
        if segment.word[0] not in "<[(":
            name = segment.word.partition("(")[0]
            yield TimedWord(name, segment.start_frame * FRAME_S, (segment.end_frame + 1) * FRAME_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=20, help="sentences per voice")
    parser.add_argument("--voices", type=lambda names: names.split(","), default=["Sarah", "James", "Olivia", "Arthur"])
    arguments = parser.parse_args()
    asyncio.run(main(arguments.voices, arguments.sentences))
