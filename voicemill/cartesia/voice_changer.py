"""Voice changer: convert a recording to another voice."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from voicemill.cartesia.request_body import Form, Upload, format_fields
from voicemill.cartesia.stream_events import Chunk, Done, events_of
from voicemill.cartesia.takes import take_headers
from voicemill.cartesia.transport import Reply, Transport
from voicemill.model.audio_formats import AudioFormat


class VoiceChanger:
    """Convert a recording to another voice, with the same words, intonation and timing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def bytes(
        self,
        clip: Upload,
        *,
        voice_id: str,
        output_format: AudioFormat,
        take: int = 0,
        deadline_s: float | None = None,
    ) -> Reply:
        """Convert a recording of speech to the voice `voice_id`. `take` counts repetitions of the same request.

        The body of the reply is audio in `output_format`; it is not verified. Raises `CallError`.

            reply = await client.voice_changer.bytes(
                Path("talk.wav"), voice_id=voice.id, output_format=AudioFormat("wav", 44100, "pcm_s16le")
            )
        """
        form = _form(clip, voice_id, output_format)
        headers = take_headers(take)
        return await self._transport.send("POST", "voice-changer/bytes", form, headers=headers, deadline_s=deadline_s)

    async def sse(
        self, clip: Upload, *, voice_id: str, output_format: AudioFormat, deadline_s: float | None = None
    ) -> AsyncGenerator[Chunk | Done, None]:
        """Convert a recording and stream the audio, in any container: `Chunk` events, then `Done`.

        Raises `CallError`; a stream without `Done` raises `Incomplete`. To leave the loop early, use
        `contextlib.aclosing`.
        """
        form = _form(clip, voice_id, output_format)
        async with (
            self._transport.stream("POST", "voice-changer/sse", form, deadline_s=deadline_s) as stream,
            aclosing(events_of(stream)) as events,
        ):
            async for event in events:
                if isinstance(event, Chunk | Done):
                    yield event


def _form(clip: Upload, voice_id: str, output_format: AudioFormat) -> Form:
    return Form([("voice[id]", voice_id), *format_fields(output_format)], {"clip": clip})
