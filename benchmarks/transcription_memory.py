"""Peak memory of the worker that transcribes a long recording with Whisper base.

    python -m benchmarks.transcription_memory [--speech-minutes 20] [--hours 3] [folder of recordings]

The recording is a FLAC file: the recordings of the folder, repeated, then silence up to its full length. Every five
minutes a line says how much memory and CPU time the worker has used. Three hours of speech take half an hour of CPU.
"""

import argparse
import asyncio
import tempfile
from itertools import cycle
from pathlib import Path

import numpy as np

from benchmarks.engine_accuracy import OneWorker, one_worker
from benchmarks.recognizer import RATE_HZ
from benchmarks.recordings import SPEECH, human_recordings
from voicemill.audio.decode import decode_all
from voicemill.audio.media_writer import Track

MINUTE = 60 * RATE_HZ
REPORT_EVERY_S = 300.0
STUCK_AFTER_S = 3600.0
"""Long enough for a process of the lowest priority."""


async def main(folder: Path, speech_minutes: int, hours: float) -> None:
    """Transcribe the recording and print its words and the worker's memory and CPU time."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "long.flac"
        write(path, [one.path for one in human_recordings(folder)], speech_minutes, round(60 * hours))
        async with one_worker("local", request_timeout_s=STUCK_AFTER_S) as engine:
            reports = asyncio.create_task(report_usage(engine))
            fields = {"model": "ink-whisper", "language": "en", "timestamp_granularities[]": "word"}
            response = await engine.client.post("/stt", files={"file": path.read_bytes()}, data=fields)
            answer = response.raise_for_status().json()
            reports.cancel()
            usage = usage_so_far(engine)
    words = f"{len(answer['words'])} words in {answer['duration'] / 3600:.1f} h"
    print(f"{speech_minutes} minutes of speech, {words}: {usage}")


async def report_usage(engine: OneWorker) -> None:
    """Print the worker's usage every five minutes."""
    while True:
        await asyncio.sleep(REPORT_EVERY_S)
        print(usage_so_far(engine), flush=True)


def usage_so_far(engine: OneWorker) -> str:
    """The worker's peak memory and its CPU time."""
    cpu_s, peak = engine.used()
    return f"{peak >> 20} MiB, {cpu_s:.0f} s of CPU"


def write(path: Path, recordings: list[Path], speech_minutes: int, minutes: int) -> None:
    """Write the recording, one minute at a time."""
    sources = cycle([np.round(decode_all(one, RATE_HZ) * 32767).astype(np.int16) for one in recordings])
    rest = np.zeros(0, np.int16)
    with path.open("wb") as file, Track(file, "flac", "flac", RATE_HZ) as track:
        for _ in range(speech_minutes):
            while rest.size < MINUTE:
                rest = np.concatenate([rest, next(sources)])
            track.write(rest[:MINUTE, None])
            rest = rest[MINUTE:]
        for _ in range(minutes - speech_minutes):
            track.write(np.zeros((MINUTE, 1), np.int16))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", default=SPEECH)
    parser.add_argument("--speech-minutes", type=int, default=20)
    parser.add_argument("--hours", type=float, default=3.0)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.recordings, arguments.speech_minutes, arguments.hours))
