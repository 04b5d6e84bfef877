"""Make the recordings in `data/revoice` and `data/patches` with the embedded engine."""

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np

from voicemill.audio.decode import decode_all
from voicemill.audio.media_writer import Track
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices

DATA = Path(__file__).parent.parent / "data"
RATE_HZ = 24_000
SPOKEN = {
    "revoice/harbour.flac": "The harbour was quiet at first. Then two boats went out, and nobody saw them leave.",
    "revoice/lighthouse.mp4": "Every evening the old man climbed the stairs and lit the lamp.",
    "patches/chapter.flac": "The keeper wrote the date into his book. He wrote Monday by mistake. Then he closed it.",
    "patches/before.flac": "She opened the window and looked at the sea.",
    "patches/after.flac": "Then she went downstairs to make some tea.",
}


async def main() -> None:
    """Write all recordings."""
    app = create_app(EngineSettings(workers=1))
    voice = next(voice for voice in built_in_voices() if voice.name == "James")
    transport = httpx.ASGITransport(app=app)
    headers = {"X-API-Key": "k"}
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=headers, timeout=600) as client:
        for name, text in SPOKEN.items():
            path = DATA / name
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".wav").write_bytes(await _spoken(client, text, voice.id))
            samples = decode_all(path.with_suffix(".wav"), RATE_HZ)
            path.with_suffix(".wav").unlink()
            _write_video(path, samples) if path.suffix == ".mp4" else _write_sound(path, samples)
    await app.state.engine.close()


async def _spoken(client: httpx.AsyncClient, text: str, voice_id: str) -> bytes:
    wanted = {"container": "wav", "sample_rate": RATE_HZ, "encoding": "pcm_s16le"}
    question: dict[str, Any] = {"model_id": "sonic-2", "transcript": text, "voice": voice_id, "output_format": wanted}
    answer = await client.post("/tts/bytes", json=question)
    return answer.raise_for_status().content


def _write_sound(path: Path, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> None:
    with path.open("wb") as file, Track(file, "flac", "flac", RATE_HZ) as track:
        track.write(np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)[:, None])


def _write_video(path: Path, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> None:
    """A video of a lamp that becomes brighter and darker."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        picture: Any = container.add_stream("libx264", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for number in range(int(10 * samples.size / RATE_HZ)):
            light = np.full((48, 64, 3), int(128 + 100 * np.sin(number / 5)), np.uint8)
            shown = av.VideoFrame.from_ndarray(light, "rgb24")
            shown.pts, shown.time_base = number, Fraction(1, 10)
            container.mux(picture.encode(shown))
        container.mux(picture.encode(None))
        audio_frame = av.AudioFrame.from_ndarray(samples[None, :], "flt", "mono")
        audio_frame.sample_rate, audio_frame.time_base, audio_frame.pts = RATE_HZ, Fraction(1, RATE_HZ), 0
        container.mux(sound.encode(audio_frame))
        container.mux(sound.encode(None))


if __name__ == "__main__":
    asyncio.run(main())
