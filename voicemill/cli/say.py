"""`voicemill say`: one text to one file, for a first try; no manifest, no Prefect."""

import json
import sys
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from voicemill.audio.answer_checks import verify_speech
from voicemill.audio.formats import DEFAULT_BIT_RATE_BPS, DEFAULT_ENCODING, AudioFormat
from voicemill.cartesia.transport import Reply
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import answer_of, tried, voice_named
from voicemill.config import Settings, load_settings
from voicemill.errors import BadAnswer, ConfigError
from voicemill.manifest.model_and_language import DEFAULT_MODEL
from voicemill.model import Op, Tts, Voice
from voicemill.service import Service
from voicemill.store.durable_files import write_file

_CONTAINERS = {".wav": "wav", ".mp3": "mp3", ".pcm": "raw", ".raw": "raw"}


def say(
    text: Annotated[str, typer.Argument(help="What is to be said; - reads standard input.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A .wav, .mp3 or .pcm file. [speech.wav, or the next free name]")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A voice, by name or id. [the first of the language]")] = None,
    language: Annotated[str | None, typer.Option(help="The language. [en]")] = None,
    model: Annotated[str | None, typer.Option(help="The model. [sonic-2]")] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say one text, for a first try: `voicemill say "Hello."`."""
    settings = load_settings(profile, defaults={"voice": voice, "language": language, "model": model})
    text = sys.stdin.read() if text == "-" else text
    path = out or _free_name()
    wanted = _format(path, settings.defaults.sample_rate)

    async def said(service: Service) -> tuple[Voice, Reply, float | None]:
        if not as_json:
            typer.echo(service.line, err=True)
        speaker = await voice_named(service, settings, settings.defaults.voice, settings.defaults.language)
        call = _call(service, settings, text, speaker, wanted)
        return speaker, *await tried(settings, lambda: _spoken(service, call, wanted))

    speaker, reply, duration_s = answer_of(settings, said)
    write_file(path, reply.body)
    told = {"file": str(path), "voice": speaker.name, "voice_id": speaker.id, "bytes": len(reply.body)}
    told |= {"duration_s": duration_s, "characters": len(text), "request_id": reply.request_id}
    lasts = "" if duration_s is None else f", {duration_s:.1f} s"
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else f"{path}: {speaker.name}{lasts}")


def _call(service: Service, settings: Settings, text: str, voice: Voice, wanted: AudioFormat) -> Tts:
    return Tts(
        service=service.name,
        model=settings.defaults.model or DEFAULT_MODEL[Op.TTS],
        transcript=text,
        voice_id=voice.id,
        language=settings.defaults.language,
        sample_rate_hz=wanted.sample_rate_hz,
        encoding=wanted.encoding or DEFAULT_ENCODING,
    )


async def _spoken(service: Service, call: Tts, wanted: AudioFormat) -> tuple[Reply, float | None]:
    """The answer and its duration, which only a WAV proves."""
    reply = await service.cartesia.tts.bytes(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=wanted,
    )
    if wanted.container == "wav":
        return reply, round(verify_speech(reply.body, call, framed=reply.framed), 3)
    if not reply.body:
        raise BadAnswer("the answer is empty")
    return reply, None


def _format(path: Path, sample_rate_hz: int) -> AudioFormat:
    container = _CONTAINERS.get(path.suffix.lower())
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}; make it, or choose another file (-o)")
    try:
        if container == "mp3":
            return AudioFormat("mp3", sample_rate_hz, bit_rate_bps=DEFAULT_BIT_RATE_BPS)
        if container is not None:
            return AudioFormat("wav" if container == "wav" else "raw", sample_rate_hz, DEFAULT_ENCODING)
    except ValueError as error:
        raise ConfigError(f"{error}; correct the profile") from None
    raise ConfigError(f"{path} could be anything; name a file that ends in .wav, .mp3 or .pcm (-o)")


def _free_name() -> Path:
    """`speech.wav`, or `speech-2.wav` and so on: what was said earlier stays."""
    names = (Path(f"speech{f'-{number}' if number > 1 else ''}.wav") for number in count(1))
    return next(name for name in names if not name.exists())
