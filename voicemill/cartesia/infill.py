"""Infill: generate the speech between two recordings."""

from typing import Literal

from voicemill.cartesia.request_body import Form, Upload, format_fields
from voicemill.cartesia.takes import take_headers
from voicemill.cartesia.transport import Reply, Transport
from voicemill.model.audio_formats import AudioFormat

ExperimentalSpeed = float | Literal["slowest", "slow", "normal", "fast", "fastest"]
"""-1.0 (slowest) to 1.0 (fastest), 0 is normal; or a name."""

_CONTROLS = "voice[__experimental_controls]"


class Infill:
    """Generate the speech between two recordings."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def bytes(
        self,
        *,
        left_audio: Upload | None,
        right_audio: Upload | None,
        model_id: str,
        transcript: str,
        voice_id: str,
        output_format: AudioFormat,
        language: str | None = None,
        speed: ExperimentalSpeed | None = None,
        emotion: tuple[str, ...] = (),
        take: int = 0,
        deadline_s: float | None = None,
    ) -> Reply:
        """Speak `transcript` so that it fits between two recordings, or before or after one; the other is None.

        The body of the reply is the new part only, in `output_format`; it is not verified. `emotion` takes tags such as
        `positivity:high`. `take` counts repetitions of the same request. Costs 300 credits and one credit per
        character. Raises `CallError`, and `ValueError` without any recording.

            reply = await client.infill.bytes(
                left_audio=Path("left.wav"), right_audio=Path("right.wav"), model_id="sonic-2", language="en",
                transcript="middle", voice_id=voice.id, output_format=AudioFormat("wav", 44100, "pcm_s16le"),
            )
        """
        sides = {"left_audio": left_audio, "right_audio": right_audio}
        files = {name: side for name, side in sides.items() if side is not None}
        if not files:
            raise ValueError("left_audio and right_audio are both None; give at least one of them")
        fields = [("model_id", model_id), ("transcript", transcript), ("voice_id", voice_id)]
        fields += [("language", language)] if language else []
        fields += format_fields(output_format)
        fields += [(f"{_CONTROLS}[speed]", str(speed))] if speed is not None else []
        fields += [(f"{_CONTROLS}[emotion][]", tag) for tag in emotion]
        headers = take_headers(take)
        return await self._transport.send(
            "POST", "infill/bytes", Form(fields, files), headers=headers, deadline_s=deadline_s
        )
