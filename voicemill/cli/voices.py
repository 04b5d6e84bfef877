"""`voicemill voices`: the voices of the service, and user-created voices."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voicemill.cli.help_page import Command, examples, group_app
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import VoiceName, retried, voice_named, with_service
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.config import Settings
    from voicemill.model import Voice
    from voicemill.service import Service


class Mode(StrEnum):
    """What a cloned voice is optimized for."""

    SIMILARITY = "similarity"
    STABILITY = "stability"


class Gender(StrEnum):
    """Genders of voices, as the service names them."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    GENDER_NEUTRAL = "gender_neutral"


GenderName = Literal["masculine", "feminine", "gender_neutral"]


class SpeakerGender(StrEnum):
    """Genders of speakers, as the service names them."""

    MALE = "male"
    FEMALE = "female"


NewName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the new voice.", show_default=False)]
Description = Annotated[str, typer.Option(metavar="TEXT", help="Description of the voice.")]
Language = Annotated[str, typer.Option(metavar="CODE", help="Language of the voice.", show_default=True)]
Base = Annotated[str | None, typer.Option(metavar="VOICE", help="An existing voice to start from, by name or id.")]
Clip = Annotated[
    Path, typer.Argument(metavar="CLIP", help="A recording.", exists=True, dir_okay=False, show_default=False)
]

app = group_app("List voices, and create, change or delete your own.")


@app.command(
    "list",
    cls=Command,
    epilog=examples(
        "voicemill voices list", "voicemill voices list --language fr", "voicemill voices list --own --json"
    ),
)
def list_voices(
    profile: Profile = None,
    own: Annotated[bool, typer.Option("--own", help="Only voices that you created.")] = False,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="Only voices of this language.")] = None,
    gender: Annotated[Gender | None, typer.Option(help="Only voices of this gender.")] = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only voices whose name or description contains this.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the voices that rows can use."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from voicemill.config import load_settings

    settings = load_settings(profile)

    async def found(service: "Service") -> "list[Voice]":
        async def listed() -> "list[Voice]":
            gender_name: GenderName | None = gender.value if gender else None
            pages = service.cartesia.voices.list(is_owner=own or None, language=language, gender=gender_name, q=search)
            return [voice async for voice in pages]

        return await retried(settings, listed)

    voices = with_service(settings, found)
    if as_json:
        _print_json([_known(voice) for voice in voices])
        return
    table = Table("name", "language", "id", "description", box=box.SIMPLE, pad_edge=False)
    table.columns[2].no_wrap = True
    for voice in voices:
        table.add_row(voice.name, voice.language, voice.id, voice.description)
    Console(soft_wrap=False).print(table, markup=False)


@app.command(cls=Command, epilog=examples("voicemill voices get Sarah"))
def get(voice: VoiceName, profile: Profile = None, as_json: Json = False) -> None:
    """Show the details of a voice."""
    from voicemill.config import load_settings

    settings = load_settings(profile)

    async def found(service: "Service") -> "Voice":
        named = await voice_named(service, settings, voice)
        return await retried(settings, lambda: service.cartesia.voices.get(named.id, expand=("embedding",)))

    _show(with_service(settings, found), as_json=as_json)


@app.command(
    cls=Command,
    epilog=examples(
        "voicemill voices clone me.wav Mine", "voicemill voices clone me.wav Mine --mode stability --enhance"
    ),
)
def clone(
    clip: Clip,
    name: NewName,
    language: Language = "en",
    mode: Annotated[
        Mode, typer.Option(show_default=True, help="similarity needs about 5 s of speech, stability 10 to 20 s.")
    ] = Mode.SIMILARITY,
    description: Description = "",
    enhance: Annotated[bool, typer.Option("--enhance", help="Remove noise from the clip first.")] = False,
    base: Base = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Create a voice that sounds like a recording."""
    from voicemill.config import load_settings

    settings = load_settings(profile)

    async def made(service: "Service") -> "Voice":
        return await service.cartesia.voices.clone(
            clip,
            name=name,
            language=language,
            mode=mode.value,
            description=description or None,
            enhance=enhance or None,
            base_voice_id=await _base(service, settings, base),
        )

    _show(with_service(settings, made), as_json=as_json)


@app.command(cls=Command, epilog=examples('voicemill voices update Mine --description "For the news"'))
def update(
    voice: VoiceName,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="New name.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="New description.")] = None,
    gender: Annotated[Gender | None, typer.Option(help="New gender.")] = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Change the name, description or gender of a voice that you created."""
    from voicemill.config import load_settings

    if name is None and description is None and gender is None:
        raise ConfigError("no change given; give --name, --description or --gender")
    settings = load_settings(profile)

    async def changed(service: "Service") -> "Voice":
        old = await voice_named(service, settings, voice)
        return await service.cartesia.voices.update(
            old.id,
            name=name or old.name,  # older API versions require both
            description=old.description if description is None else description,
            gender=gender.value if gender else None,
        )

    _show(with_service(settings, changed), as_json=as_json)


@app.command(cls=Command, epilog=examples("voicemill voices delete Mine"))
def delete(voice: VoiceName, profile: Profile = None, as_json: Json = False) -> None:
    """Delete a voice that you created. This cannot be undone."""
    from voicemill.config import load_settings

    settings = load_settings(profile)

    async def gone(service: "Service") -> "Voice":
        named = await voice_named(service, settings, voice)
        await service.cartesia.voices.delete(named.id)
        return named

    removed = with_service(settings, gone)
    if as_json:
        _print_json({"deleted": removed.id, "name": removed.name})
    else:
        typer.echo(f"Deleted {removed.name} ({removed.id}).")


@app.command(
    cls=Command, epilog=examples("voicemill voices localize Mine Mía --language es --speaker female --dialect mx")
)
def localize(
    voice: VoiceName,
    name: NewName,
    language: Annotated[str, typer.Option(metavar="CODE", help="Language of the new voice.")],
    speaker: Annotated[SpeakerGender, typer.Option(help="Gender of the speaker.")],
    dialect: Annotated[
        str | None, typer.Option(metavar="CODE", help="Dialect, such as mx or pe for es, uk or us for en.")
    ] = None,
    description: Description = "",
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Create a voice of the same speaker in another language or dialect."""
    from voicemill.config import load_settings

    settings = load_settings(profile)

    async def made(service: "Service") -> "Voice":
        return await service.cartesia.voices.localize(
            voice_id=(await voice_named(service, settings, voice)).id,
            name=name,
            description=description,
            language=language,
            original_speaker_gender=speaker.value,
            dialect=dialect,
        )

    _show(with_service(settings, made), as_json=as_json)


@app.command(cls=Command, epilog=examples("voicemill voices mix Sarah=1 James=3 > mix.json"))
def mix(
    shares: Annotated[
        list[str], typer.Argument(metavar="VOICE=WEIGHT…", help="Voices, by name or id, with their weights.")
    ],
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Print the embedding of a mix of voices, for `voices create --embedding`."""
    from voicemill.cartesia.voices import Share
    from voicemill.config import load_settings

    wanted = [_weighed(share) for share in shares]
    settings = load_settings(profile)

    async def mixed(service: "Service") -> tuple[float, ...]:
        parts = [Share(weight, (await voice_named(service, settings, name)).id) for name, weight in wanted]
        return await retried(settings, lambda: service.cartesia.voices.mix(parts))

    embedding = with_service(settings, mixed)
    if as_json:
        _print_json({"embedding": embedding})
    else:
        typer.echo(json.dumps(embedding))


@app.command(cls=Command, epilog=examples("voicemill voices create Half --embedding mix.json"))
def create(
    name: NewName,
    embedding: Annotated[
        typer.FileText | None,
        typer.Option(metavar="FILE", help="Output of `voices mix`; - reads standard input."),
    ] = None,
    base: Base = None,
    language: Language = "en",
    description: Description = "",
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Create a voice from an embedding."""
    from voicemill.config import load_settings

    if embedding is None and base is None:
        raise ConfigError("a voice needs an embedding or a base voice; give --embedding or --base")
    numbers = _embedding(embedding.read(), embedding.name) if embedding else ()
    settings = load_settings(profile)

    async def made(service: "Service") -> "Voice":
        return await service.cartesia.voices.create(
            name=name,
            description=description,
            embedding=numbers,
            language=language,
            base_voice_id=await _base(service, settings, base),
        )

    _show(with_service(settings, made), as_json=as_json)


async def _base(service: "Service", settings: "Settings", base: str | None) -> str | None:
    return None if base is None else (await voice_named(service, settings, base)).id


def _weighed(share: str) -> tuple[str, float]:
    name, _, weight = share.rpartition("=")
    try:
        return (name, float(weight)) if name else (share, 1.0)
    except ValueError:
        raise ConfigError(f"invalid weight in {share!r}; give a voice and a number, such as Sarah=0.5") from None


def _embedding(text: str, source: str) -> Sequence[float]:
    try:
        content = json.loads(text)
        numbers = content["embedding"] if isinstance(content, dict) else content
        return [float(number) for number in numbers]
    except (ValueError, TypeError, KeyError):
        raise ConfigError(f"{source} is not an embedding; give the output of `voicemill voices mix`") from None


def _known(voice: "Voice") -> dict[str, object]:
    """The fields of a voice that the service gave."""
    known = {name: value for name, value in asdict(voice).items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in known.items()}


def _show(voice: "Voice", *, as_json: bool) -> None:
    if as_json:
        _print_json(_known(voice))
        return
    for name, value in _known(voice).items():
        shown = f"{len(voice.embedding or ())} numbers (--json shows them)" if name == "embedding" else value
        typer.echo(f"{name.replace('_', ' '):12} {shown}")


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
