"""`voicemill transcribe`: transcribe one recording, without a manifest."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import retried, with_service

if TYPE_CHECKING:
    from voicemill.cartesia.stt import Transcription
    from voicemill.service import Service

app = command_app()

_MIN_UPLOAD_BYTES_PER_S = 50_000


@app.command(
    cls=Command,
    epilog=examples("voicemill transcribe talk.mp3", "voicemill transcribe talk.mp3 --language de --json"),
)
def transcribe(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A recording.", exists=True, dir_okay=False, show_default=False),
    ],
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Spoken language. [default: en]")] = None,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="Model. [default: ink-whisper]")] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Transcribe one recording.

    Prints the text. With --json, prints text, language, duration and word timestamps in seconds.
    """
    from voicemill.config import load_settings
    from voicemill.manifest.model_and_language import DEFAULT_MODEL
    from voicemill.model import Op

    settings = load_settings(profile)
    deadline_s = settings.pace.attempt_deadline_s + file.stat().st_size / _MIN_UPLOAD_BYTES_PER_S
    name = model or DEFAULT_MODEL[Op.STT]

    async def transcribed(service: "Service") -> "Transcription":
        if not as_json:
            typer.echo(service.line, err=True)
        return await retried(
            settings,
            lambda: service.cartesia.stt.transcribe(
                file, model=name, language=language, word_timestamps=as_json, deadline_s=deadline_s
            ),
        )

    transcription = with_service(settings, transcribed)
    typer.echo(_json(transcription) if as_json else transcription.text)


def _json(found: "Transcription") -> str:
    words = [word._asdict() for word in found.words]
    content = {"text": found.text, "language": found.language, "duration_s": found.duration_s, "words": words}
    return json.dumps(content, indent=2, ensure_ascii=False)
