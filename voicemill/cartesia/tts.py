"""`tts` of the reference: text to speech, whole or as a stream of events."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Required, TypedDict, Unpack

from voicemill.audio.formats import AudioFormat
from voicemill.cartesia.infill import ExperimentalSpeed
from voicemill.cartesia.output_format import output_format
from voicemill.cartesia.stream_events import Event, events_of
from voicemill.cartesia.transport import Reply, Transport
from voicemill.model import Speed


class SpeechQuestion(TypedDict, total=False):
    """What is to be spoken, by whom and how. What is left out or None is left to the service.

    Give one of `voice_id` and `voice_embedding` (192 numbers; API versions before 2025-04-16). `speed` is a word, or a
    factor of 0.6 to 1.5 for sonic-3. `emotion` is one word for sonic-3, and for older models a list such as
    `positivity:high`. `experimental_speed` is for models before sonic-3, `volume` (0.5 to 2.0) for sonic-3.
    `duration_s` is the most seconds of audio, and may cut. `save`: whether the service is to keep the audio.
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
    """`tts` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

    async def bytes(self, *, deadline_s: float | None = None, **question: Unpack[SpeechQuestion]) -> Reply:
        """Speech for `transcript`; the reply's body is audio in `output_format`, not yet probed."""
        return await self._wire.ask("POST", "tts/bytes", _content(question), deadline_s=deadline_s)

    async def sse(
        self,
        *,
        word_timestamps: bool = False,
        phoneme_timestamps: bool = False,
        normalized_timestamps: bool = False,
        context_id: str | None = None,
        deadline_s: float | None = None,
        **question: Unpack[SpeechQuestion],
    ) -> AsyncGenerator[Event, None]:
        """Speech as it is made, raw audio only: `Chunk`s, timestamps where asked for, then `Done`.

        Raises what an error event means, and `Incomplete` where the stream ends before `Done`. `deadline_s` is for the
        whole stream. Leave it early within `contextlib.aclosing`.
        """
        content = _content(question) | _given(
            add_timestamps=word_timestamps or None,
            add_phoneme_timestamps=phoneme_timestamps or None,
            use_normalized_timestamps=normalized_timestamps or None,
            context_id=context_id,
        )
        async with (
            self._wire.stream("POST", "tts/sse", content, deadline_s=deadline_s) as stream,
            aclosing(events_of(stream)) as events,
        ):
            async for event in events:
                yield event


def takes_generation_config(model_id: str) -> bool:
    """Whether speed factors and emotions go in `generation_config` (sonic-3 and later) for this model."""
    return model_id.startswith(("sonic-3", "sonic-latest"))


def _content(question: SpeechQuestion) -> dict[str, object]:
    speed, emotion = question.get("speed"), question.get("emotion", ())
    is_new = takes_generation_config(question["model_id"])
    generation = _given(
        volume=question.get("volume"),
        speed=None if isinstance(speed, str) else speed,
        emotion=emotion[0] if emotion and is_new else None,
    )
    controls = _given(
        speed=question.get("experimental_speed"), emotion=list(emotion) if emotion and not is_new else None
    )
    return {
        "model_id": question["model_id"],
        "transcript": question["transcript"],
        "voice": _voice(question) | ({"__experimental_controls": controls} if controls else {}),
        "output_format": output_format(question["output_format"]),
    } | _given(
        language=question.get("language") or None,
        speed=speed if isinstance(speed, str) else None,
        generation_config=generation or None,
        duration=question.get("duration_s"),
        pronunciation_dict_id=question.get("pronunciation_dict_id"),
        save=question.get("save"),
    )


def _voice(question: SpeechQuestion) -> dict[str, object]:
    voice_id, embedding = question.get("voice_id"), question.get("voice_embedding")
    if (voice_id is None) == (embedding is None):
        raise ValueError("give one of voice_id and voice_embedding")
    if embedding is not None:
        return {"mode": "embedding", "embedding": list(embedding)}
    return {"mode": "id", "id": voice_id}


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
