"""`voicemill voices`: the voices of the service, and one's own among them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from voicemill.cartesia.voices import Share
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import VoiceName, answer_of, tried, voice_named
from voicemill.config import Settings, load_settings
from voicemill.errors import ConfigError
from voicemill.model import Voice
from voicemill.service import Service


class Mode(StrEnum):
    """How a clone follows its clip."""

    SIMILARITY = "similarity"
    STABILITY = "stability"


class Gender(StrEnum):
    """How the service names genders of voices."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    GENDER_NEUTRAL = "gender_neutral"


GenderName = Literal["masculine", "feminine", "gender_neutral"]


class SpeakerGender(StrEnum):
    """How the service names genders of speakers."""

    MALE = "male"
    FEMALE = "female"


NewName = Annotated[str, typer.Argument(metavar="NAME", help="The new voice's name.", show_default=False)]
Described = Annotated[str, typer.Option(help="What is special about it.")]
Language = Annotated[str, typer.Option(help="The language it speaks.")]
Base = Annotated[str | None, typer.Option(metavar="VOICE", help="A voice to start from, by name or id.")]
Clip = Annotated[
    Path, typer.Argument(metavar="CLIP", help="A recording.", exists=True, dir_okay=False, show_default=False)
]

app = typer.Typer(help="The voices of the service.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _voices() -> None:
    """The voices of the service."""


@app.command("list")
def list_voices(
    profile: Profile = None,
    own: Annotated[bool, typer.Option("--own", help="Your own voices only.")] = False,
    language: Annotated[str | None, typer.Option(help="Voices of this language only.")] = None,
    gender: Annotated[Gender | None, typer.Option(help="Voices of this gender only.")] = None,
    search: Annotated[str | None, typer.Option(help="Voices that are named or described so.")] = None,
    as_json: Json = False,
) -> None:
    """List the voices that a row may name."""
    settings = load_settings(profile)

    async def found(service: Service) -> list[Voice]:
        async def listed() -> list[Voice]:
            wanted: GenderName | None = gender.value if gender else None
            pages = service.cartesia.voices.list(is_owner=own or None, language=language, gender=wanted, q=search)
            return [voice async for voice in pages]

        return await tried(settings, listed)

    voices = answer_of(settings, found)
    if as_json:
        _print_json([_told(voice) for voice in voices])
        return
    table = Table("name", "language", "id", "description", box=box.SIMPLE, pad_edge=False)
    table.columns[2].no_wrap = True
    for voice in voices:
        table.add_row(voice.name, voice.language, voice.id, voice.description)
    Console(soft_wrap=False).print(table, markup=False)


@app.command()
def get(voice: VoiceName, profile: Profile = None, as_json: Json = False) -> None:
    """Show all that the service tells of one voice."""
    settings = load_settings(profile)

    async def found(service: Service) -> Voice:
        named = await voice_named(service, settings, voice)
        return await tried(settings, lambda: service.cartesia.voices.get(named.id, expand=("embedding",)))

    _show(answer_of(settings, found), as_json=as_json)


@app.command()
def clone(
    clip: Clip,
    name: NewName,
    language: Language = "en",
    mode: Annotated[
        Mode, typer.Option(help="similarity wants about 5 s of speech, stability 10 to 20.")
    ] = Mode.SIMILARITY,
    description: Described = "",
    enhance: Annotated[bool, typer.Option("--enhance", help="Clean the clip of noise first.")] = False,
    base: Base = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Make a voice that sounds like a recording."""
    settings = load_settings(profile)

    async def made(service: Service) -> Voice:
        return await service.cartesia.voices.clone(
            clip,
            name=name,
            language=language,
            mode=mode.value,
            description=description or None,
            enhance=enhance or None,
            base_voice_id=await _base(service, settings, base),
        )

    _show(answer_of(settings, made), as_json=as_json)


@app.command()
def update(
    voice: VoiceName,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    description: Annotated[str | None, typer.Option(help="Its new description.")] = None,
    gender: Annotated[Gender | None, typer.Option(help="Its new gender.")] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Change the name, description or gender of a voice of your own."""
    if name is None and description is None and gender is None:
        raise ConfigError("nothing is to be changed; give --name, --description or --gender")
    settings = load_settings(profile)

    async def changed(service: Service) -> Voice:
        old = await voice_named(service, settings, voice)
        return await service.cartesia.voices.update(
            old.id,
            name=name or old.name,  # older API versions want both
            description=old.description if description is None else description,
            gender=gender.value if gender else None,
        )

    _show(answer_of(settings, changed), as_json=as_json)


@app.command()
def delete(voice: VoiceName, profile: Profile = None, as_json: Json = False) -> None:
    """Remove a voice of your own, for good."""
    settings = load_settings(profile)

    async def gone(service: Service) -> Voice:
        named = await voice_named(service, settings, voice)
        await service.cartesia.voices.delete(named.id)
        return named

    removed = answer_of(settings, gone)
    if as_json:
        _print_json({"deleted": removed.id, "name": removed.name})
    else:
        typer.echo(f"{removed.name} ({removed.id}) is gone.")


@app.command()
def localize(
    voice: VoiceName,
    name: NewName,
    language: Annotated[str, typer.Option(help="The language it is to speak.", show_default=False)],
    speaker: Annotated[SpeakerGender, typer.Option(help="Whose voice it is.", show_default=False)],
    dialect: Annotated[str | None, typer.Option(help="Its dialect: mx or pe for es, uk or us for en, …")] = None,
    description: Described = "",
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Make a voice of the same speaker in another language or dialect."""
    settings = load_settings(profile)

    async def made(service: Service) -> Voice:
        return await service.cartesia.voices.localize(
            voice_id=(await voice_named(service, settings, voice)).id,
            name=name,
            description=description,
            language=language,
            original_speaker_gender=speaker.value,
            dialect=dialect,
        )

    _show(answer_of(settings, made), as_json=as_json)


@app.command()
def mix(
    shares: Annotated[
        list[str], typer.Argument(metavar="VOICE=WEIGHT…", help="Voices, by name or id, and how much of each.")
    ],
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Print the embedding of a voice between others, for `voices create --embedding`."""
    wanted = [_weighed(share) for share in shares]
    settings = load_settings(profile)

    async def mixed(service: Service) -> tuple[float, ...]:
        parts = [Share(weight, (await voice_named(service, settings, name)).id) for name, weight in wanted]
        return await tried(settings, lambda: service.cartesia.voices.mix(parts))

    embedding = answer_of(settings, mixed)
    if as_json:
        _print_json({"embedding": embedding})
    else:
        typer.echo(json.dumps(embedding))


@app.command()
def create(
    name: NewName,
    embedding: Annotated[
        typer.FileText | None, typer.Option(help="What `voices mix` printed; - reads standard input.")
    ] = None,
    base: Base = None,
    language: Language = "en",
    description: Described = "",
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Make a voice from an embedding."""
    if embedding is None and base is None:
        raise ConfigError("there is nothing to make a voice from; give --embedding or --base")
    numbers = _embedding(embedding.read(), embedding.name) if embedding else ()
    settings = load_settings(profile)

    async def made(service: Service) -> Voice:
        return await service.cartesia.voices.create(
            name=name,
            description=description,
            embedding=numbers,
            language=language,
            base_voice_id=await _base(service, settings, base),
        )

    _show(answer_of(settings, made), as_json=as_json)


async def _base(service: Service, settings: Settings, base: str | None) -> str | None:
    return None if base is None else (await voice_named(service, settings, base)).id


def _weighed(share: str) -> tuple[str, float]:
    name, _, weight = share.rpartition("=")
    try:
        return (name, float(weight)) if name else (share, 1.0)
    except ValueError:
        raise ConfigError(f"{share!r} has no weight; write a voice and a number, such as Sarah=0.5") from None


def _embedding(text: str, source: str) -> Sequence[float]:
    try:
        content = json.loads(text)
        numbers = content["embedding"] if isinstance(content, dict) else content
        return [float(number) for number in numbers]
    except (ValueError, TypeError, KeyError):
        raise ConfigError(f"{source} holds no embedding; give what `voicemill voices mix` printed") from None


def _told(voice: Voice) -> dict[str, object]:
    """What is known of a voice."""
    known = {name: value for name, value in asdict(voice).items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in known.items()}


def _show(voice: Voice, *, as_json: bool) -> None:
    if as_json:
        _print_json(_told(voice))
        return
    for name, value in _told(voice).items():
        shown = f"{len(voice.embedding or ())} numbers (--json shows them)" if name == "embedding" else value
        typer.echo(f"{name.replace('_', ' '):12} {shown}")


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
