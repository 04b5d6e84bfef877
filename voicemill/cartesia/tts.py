"""Text to speech, as a whole or as a stream of events."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Required, TypedDict, Unpack

from voicemill.cartesia.infill import ExperimentalSpeed
from voicemill.cartesia.request_body import output_format
from voicemill.cartesia.stream_events import Event, events_of
from voicemill.cartesia.takes import take_headers
from voicemill.cartesia.transport import Reply, Transport
from voicemill.model import Speed
from voicemill.model.audio_formats import AudioFormat


class SpeechRequest(TypedDict, total=False):
    """The parameters of text to speech. The service has a default for each parameter that is missing or None.

    Give either `voice_id` or `voice_embedding` (192 numbers; API versions before 2025-04-16). `speed` is a name, or a
    factor of 0.6 to 1.5 for sonic-3. `emotion` is one name for sonic-3, and tags such as `positivity:high` for older
    models. `experimental_speed` is for models before sonic-3, `volume` (0.5 to 2.0) for sonic-3. `duration_s` is the
    maximum length of the audio in seconds; longer speech is truncated. `save`: whether the service stores the audio.
    """

    model_id: Required[str]
    transcript: Required[str]
    output_format: Required[AudioFormat]
    voice_id: str | None
    voice_embedding: Sequence[float] | None
    language: str | None
    speed: Speed | None
    experimental_speed: ExperimentalSpeed | None
    emotion: Sequence[str]
    volume: float | None
    duration_s: float | None
    pronunciation_dict_id: str | None
    save: bool | None


class TextToSpeech:
    """Generate speech from text."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def bytes(self, *, take: int = 0, deadline_s: float | None = None, **request: Unpack[SpeechRequest]) -> Reply:
        """Generate speech; parameters as in `SpeechRequest`. `take` counts repetitions of the same request.

        The body of the reply is audio in `output_format`; it is not verified. Raises `CallError`, and `ValueError`
        without a voice.

            reply = await client.tts.bytes(
                model_id="sonic-2", transcript="Hello.", voice_id=voice.id, language="en",
                output_format=AudioFormat("mp3", 44100, bit_rate_bps=128000),
            )
            reply.write_to_file("hello.mp3")
        """
        return await self._transport.send(
            "POST", "tts/bytes", _content(request), headers=take_headers(take), deadline_s=deadline_s
        )

    async def sse(
        self,
        *,
        word_timestamps: bool = False,
        phoneme_timestamps: bool = False,
        normalized_timestamps: bool = False,
        context_id: str | None = None,
        take: int = 0,
        deadline_s: float | None = None,
        **request: Unpack[SpeechRequest],
    ) -> AsyncGenerator[Event, None]:
        """Generate speech and stream it: `Chunk` events of raw audio, timestamps if requested, then `Done`.

        `take` counts repetitions of the same request. `deadline_s` applies to the whole stream. Raises `CallError`; a
        stream without `Done` raises `Incomplete`. To leave the loop early, use `contextlib.aclosing`.

            async for event in client.tts.sse(
                model_id="sonic-2", transcript="Hello.", voice_id=voice.id, word_timestamps=True,
                output_format=AudioFormat("raw", 16000, "pcm_s16le"),
            ):
                if isinstance(event, Chunk):
                    samples += event.audio
        """
        content = _content(request) | _given(
            add_timestamps=word_timestamps or None,
            add_phoneme_timestamps=phoneme_timestamps or None,
            use_normalized_timestamps=normalized_timestamps or None,
            context_id=context_id,
        )
        async with (
            self._transport.stream(
                "POST", "tts/sse", content, headers=take_headers(take), deadline_s=deadline_s
            ) as stream,
            aclosing(events_of(stream)) as events,
        ):
            async for event in events:
                yield event


def uses_generation_config(model_id: str) -> bool:
    """Whether this model expects speed and emotion in `generation_config` (sonic-3 and later)."""
    return model_id.startswith(("sonic-3", "sonic-latest"))


def _content(request: SpeechRequest) -> dict[str, object]:
    speed, emotion = request.get("speed"), request.get("emotion", ())
    is_new = uses_generation_config(request["model_id"])
    generation = _given(
        volume=request.get("volume"),
        speed=None if isinstance(speed, str) else speed,
        emotion=emotion[0] if emotion and is_new else None,
    )
    controls = _given(
        speed=request.get("experimental_speed"), emotion=list(emotion) if emotion and not is_new else None
    )
    return {
        "model_id": request["model_id"],
        "transcript": request["transcript"],
        "voice": _voice(request) | ({"__experimental_controls": controls} if controls else {}),
        "output_format": output_format(request["output_format"]),
    } | _given(
        language=request.get("language") or None,
        speed=speed if isinstance(speed, str) else None,
        generation_config=generation or None,
        duration=request.get("duration_s"),
        pronunciation_dict_id=request.get("pronunciation_dict_id"),
        save=request.get("save"),
    )


def _voice(request: SpeechRequest) -> dict[str, object]:
    voice_id, embedding = request.get("voice_id"), request.get("voice_embedding")
    if (voice_id is None) == (embedding is None):
        raise ValueError("give one of voice_id and voice_embedding")
    if embedding is not None:
        return {"mode": "embedding", "embedding": list(embedding)}
    return {"mode": "id", "id": voice_id}


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
