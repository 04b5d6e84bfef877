"""`voicemill say`: generate speech from one text, without a manifest."""

import json
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import retried, voice_named, with_service
from voicemill.errors import BadAnswer, ConfigError

if TYPE_CHECKING:
    from voicemill.cartesia.transport import Reply
    from voicemill.config import Settings
    from voicemill.model import Tts, Voice
    from voicemill.model.audio_formats import AudioFormat
    from voicemill.service import Service

app = command_app()

_CONTAINERS = {".wav": "wav", ".mp3": "mp3", ".pcm": "raw", ".raw": "raw"}


@app.command(
    cls=Command,
    epilog=examples(
        'voicemill say "The mill turns again."',
        'voicemill say "Bonjour." --language fr --voice Amélie -o bonjour.mp3',
        "voicemill say - < text.txt",
    ),
)
def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads standard input.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="A .wav, .mp3 or .pcm file. [default: speech.wav, or a free name]"
        ),
    ] = None,
    voice: Annotated[
        str | None, typer.Option(metavar="NAME|ID", help="Voice. [default: the first of the language]")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Language. [default: en]")] = None,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="Model. [default: sonic-2]")] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Generate speech from one text.

    Prints the file, the voice and the duration. An existing speech.wav is not overwritten.
    """
    from voicemill.config import load_settings
    from voicemill.store.durable_files import write_file

    settings = load_settings(profile, defaults={"voice": voice, "language": language, "model": model})
    text = sys.stdin.read() if text == "-" else text
    path = out or _free_name()
    audio_format = _format(path, settings.defaults.sample_rate)

    async def spoken(service: "Service") -> "tuple[Voice, Reply, float | None]":
        if not as_json:
            typer.echo(service.line, err=True)
        speaker = await voice_named(service, settings, settings.defaults.voice, settings.defaults.language)
        call = _call(service, settings, text, speaker, audio_format)
        return speaker, *await retried(settings, lambda: _generated(service, call, audio_format))

    speaker, reply, duration_s = with_service(settings, spoken)
    write_file(path, reply.body)
    content = {"file": str(path), "voice": speaker.name, "voice_id": speaker.id, "bytes": len(reply.body)}
    content |= {"duration_s": duration_s, "characters": len(text), "request_id": reply.request_id}
    lasts = "" if duration_s is None else f", {duration_s:.1f} s"
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False) if as_json else f"{path}: {speaker.name}{lasts}")


def _call(service: "Service", settings: "Settings", text: str, voice: "Voice", audio_format: "AudioFormat") -> "Tts":
    from voicemill.manifest.model_and_language import DEFAULT_MODEL
    from voicemill.model import Op, Tts
    from voicemill.model.audio_formats import DEFAULT_ENCODING

    return Tts(
        service=service.name,
        model=settings.defaults.model or DEFAULT_MODEL[Op.TTS],
        transcript=text,
        voice_id=voice.id,
        language=settings.defaults.language,
        sample_rate_hz=audio_format.sample_rate_hz,
        encoding=audio_format.encoding or DEFAULT_ENCODING,
    )


async def _generated(service: "Service", call: "Tts", audio_format: "AudioFormat") -> "tuple[Reply, float | None]":
    """The answer and its duration in seconds, which is known only for WAV."""
    from voicemill.audio.answer_checks import verify_speech

    reply = await service.cartesia.tts.bytes(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=audio_format,
    )
    if audio_format.container == "wav":
        return reply, round(verify_speech(reply.body, call, framed=reply.framed), 3)
    if not reply.body:
        raise BadAnswer("the answer is empty; run the command again")
    return reply, None


def _format(path: Path, sample_rate_hz: int) -> "AudioFormat":
    from voicemill.model.audio_formats import DEFAULT_BIT_RATE_BPS, DEFAULT_ENCODING, AudioFormat

    container = _CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise ConfigError(f"unsupported file extension: {path}; use .wav, .mp3 or .pcm (-o)")
    if not path.parent.is_dir():
        raise ConfigError(f"no such folder: {path.parent}; create it or choose another file (-o)")
    try:
        if container == "mp3":
            return AudioFormat("mp3", sample_rate_hz, bit_rate_bps=DEFAULT_BIT_RATE_BPS)
        return AudioFormat("wav" if container == "wav" else "raw", sample_rate_hz, DEFAULT_ENCODING)
    except ValueError as error:
        raise ConfigError(f"{error}; correct the profile") from None


def _free_name() -> Path:
    """`speech.wav`, or `speech-2.wav` and so on if that exists."""
    names = (Path(f"speech{f'-{number}' if number > 1 else ''}.wav") for number in count(1))
    return next(name for name in names if not name.exists())
