"""`infill` of the reference: new speech between two recordings."""

from typing import Literal

from voicemill.audio.formats import AudioFormat
from voicemill.cartesia.output_format import format_fields
from voicemill.cartesia.request_body import Form, Upload
from voicemill.cartesia.transport import Reply, Transport

ExperimentalSpeed = float | Literal["slowest", "slow", "normal", "fast", "fastest"]
"""-1.0 to 1.0, 0 being normal, or a word for it."""

_CONTROLS = "voice[__experimental_controls]"


class Infill:
    """`infill` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

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
        deadline_s: float | None = None,
    ) -> Reply:
        """`transcript`, spoken to fit between two recordings, either of which may be None but not both.

        The reply's body is the new part alone, in `output_format`.
        """
        sides = {"left_audio": left_audio, "right_audio": right_audio}
        files = {name: side for name, side in sides.items() if side is not None}
        if not files:
            raise ValueError("left_audio and right_audio are both None: give the recording that is to be fitted to")
        fields = [("model_id", model_id), ("transcript", transcript), ("voice_id", voice_id)]
        fields += [("language", language)] if language else []
        fields += format_fields(output_format)
        fields += [(f"{_CONTROLS}[speed]", str(speed))] if speed is not None else []
        fields += [(f"{_CONTROLS}[emotion][]", tag) for tag in emotion]
        return await self._wire.ask("POST", "infill/bytes", Form(fields, files), deadline_s=deadline_s)
