"""`voicemill transcribe`: transcribe one recording, without a manifest and without Prefect."""

import json
from pathlib import Path
from typing import Annotated

import typer

from voicemill.cartesia.stt import Transcription
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import answer_of, tried
from voicemill.config import load_settings
from voicemill.manifest.model_and_language import DEFAULT_MODEL
from voicemill.model import Op
from voicemill.service import Service

_SLOWEST_UPLOAD_BYTES_PER_S = 50_000


def transcribe(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A recording.", exists=True, dir_okay=False, show_default=False)
    ],
    language: Annotated[str | None, typer.Option(help="What is spoken in it. [en]")] = None,
    model: Annotated[str, typer.Option(help="The model.")] = DEFAULT_MODEL[Op.STT],
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write down what is said in a recording, for a first try; --json tells when each word is said."""
    settings = load_settings(profile)
    deadline_s = settings.pace.attempt_deadline_s + file.stat().st_size / _SLOWEST_UPLOAD_BYTES_PER_S

    async def heard(service: Service) -> Transcription:
        if not as_json:
            typer.echo(service.line, err=True)
        return await tried(
            settings,
            lambda: service.cartesia.stt.transcribe(
                file, model=model, language=language, word_timestamps=as_json, deadline_s=deadline_s
            ),
        )

    told = answer_of(settings, heard)
    if not as_json:
        typer.echo(told.text)
        return
    content = {"text": told.text, "language": told.language, "duration_s": told.duration_s}
    typer.echo(json.dumps(content | {"words": [word._asdict() for word in told.words]}, indent=2, ensure_ascii=False))
