"""Make the recordings in `data/talks/` with the embedded engine from the references in `data/talks.csv`."""

import asyncio
import csv
from pathlib import Path

from voicemill.config import Settings
from voicemill.model.audio_formats import AudioFormat
from voicemill.service import open_service

DATA = Path(__file__).parent.parent / "data"
_MP3 = AudioFormat("mp3", 22050, bit_rate_bps=64_000)
_VOICE = "694f9389-aac1-45b6-b726-9d9369183238"


async def speak(path: Path, text: str) -> None:
    """Write one recording."""
    async with open_service(Settings()) as service:
        reply = await service.cartesia.tts.bytes(
            model_id="sonic-2", transcript=text, voice_id=_VOICE, language="en", output_format=_MP3
        )
    path.write_bytes(reply.body)


def main() -> None:
    """Write all recordings of the manifest."""
    with (DATA / "talks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (DATA / "talks").mkdir(exist_ok=True)
    for row in rows:
        asyncio.run(speak(DATA / row["audio"], row["transcript"]))


if __name__ == "__main__":
    main()
