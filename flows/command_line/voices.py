"""`voicemill voices`: the voices of the service."""

import asyncio
import json
from dataclasses import asdict

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from flows.command_line.options import Json, Profile
from flows.service import all_voices, open_service
from voicemill.config import Settings, load_settings
from voicemill.model import Voice

app = typer.Typer(help="The voices of the service.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _voices() -> None:
    """The voices of the service."""


@app.command("list")
def list_voices(profile: Profile = None, as_json: Json = False) -> None:
    """List the voices that a row may name."""
    voices = asyncio.run(_voices_of(load_settings(profile)))
    if as_json:
        typer.echo(json.dumps([_told(voice) for voice in voices], indent=2, ensure_ascii=False, default=str))
        return
    table = Table("name", "language", "id", "description", box=box.SIMPLE, pad_edge=False)
    table.columns[2].no_wrap = True
    for voice in voices:
        table.add_row(voice.name, voice.language, voice.id, voice.description)
    Console(soft_wrap=False).print(table, markup=False)


def _told(voice: Voice) -> dict[str, object]:
    """What is known of a voice."""
    return {name: value for name, value in asdict(voice).items() if value is not None}


async def _voices_of(settings: Settings) -> list[Voice]:
    async with open_service(settings) as service:
        return await all_voices(service, settings.pace)
