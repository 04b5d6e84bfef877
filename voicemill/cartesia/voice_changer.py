"""`voiceChanger` of the reference: the same words and intonation in another voice."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from voicemill.audio.formats import AudioFormat
from voicemill.cartesia.output_format import format_fields
from voicemill.cartesia.request_body import Form, Upload
from voicemill.cartesia.stream_events import Chunk, Done, events_of
from voicemill.cartesia.transport import Reply, Transport


class VoiceChanger:
    """`voiceChanger` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

    async def bytes(
        self, clip: Upload, *, voice_id: str, output_format: AudioFormat, deadline_s: float | None = None
    ) -> Reply:
        """A recording of speech, spoken by another voice; the reply's body is audio in `output_format`."""
        form = _form(clip, voice_id, output_format)
        return await self._wire.ask("POST", "voice-changer/bytes", form, deadline_s=deadline_s)

    async def sse(
        self, clip: Upload, *, voice_id: str, output_format: AudioFormat, deadline_s: float | None = None
    ) -> AsyncGenerator[Chunk | Done, None]:
        """The same in pieces, of any container: `Chunk`s, then `Done`.

        Raises `Incomplete` where the stream ends before that. Leave it early within `contextlib.aclosing`.
        """
        form = _form(clip, voice_id, output_format)
        async with (
            self._wire.stream("POST", "voice-changer/sse", form, deadline_s=deadline_s) as stream,
            aclosing(events_of(stream)) as events,
        ):
            async for event in events:
                if isinstance(event, Chunk | Done):
                    yield event


def _form(clip: Upload, voice_id: str, output_format: AudioFormat) -> Form:
    return Form([("voice[id]", voice_id), *format_fields(output_format)], {"clip": clip})
