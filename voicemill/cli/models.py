"""`voicemill models`: the models of the embedded engine, and downloads of further ones."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicemill.cli.help_page import Command, Group, examples, group_app
from voicemill.cli.options import Json
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from voicemill.engine.models.hub import Progress
    from voicemill.engine.models.hub_models import HubModel
    from voicemill.engine.models.inventory import Model

_DIGEST_DIGITS = 12

app = group_app("List the models that speak and transcribe on this machine, and download further ones.")


@app.callback(
    cls=Group,
    invoke_without_command=True,
    no_args_is_help=False,
    epilog=examples("voicemill models", "voicemill models --json", "voicemill models get whisper-small"),
)
def models(context: typer.Context, as_json: Json = False) -> None:
    """List the models that speak and transcribe on this machine, and download further ones.

    The embedded engine uses them when no API key is set. Only `models get` downloads anything.
    """
    if context.invoked_subcommand is not None:
        return
    from voicemill.engine.models.inventory import inventory
    from voicemill.engine.settings import EngineSettings

    try:
        found = inventory(EngineSettings.from_environment())
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if as_json:
        typer.echo(json.dumps([asdict(model) for model in found], indent=2))
    else:
        _show(found)


@app.command(
    cls=Command, epilog=examples("voicemill models get whisper-small", "voicemill models get whisper-small --to models")
)
def get(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A model that voicemill models lists.", show_default=False)
    ],
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for the files. [default: in the user data folder]"),
    ] = None,
) -> None:
    """Download a model in its fixed revision, and verify each file by SHA-256.

    A download that broke off is resumed. Files that are complete are not downloaded again.
    """
    from voicemill.engine.models.hub import download_model, hub_model, model_folder

    model = hub_model(name)
    folder = (to or model_folder(model)).absolute()
    with _progress(model) as report:
        download_model(model, folder, report)
    typer.echo(f"{model.name}: {len(model.files)} files, {model.size_bytes / 1e6:,.0f} MB, verified. {model.license}.")
    typer.echo(f"To use it: export {model.variable}={folder}")


@contextmanager
def _progress(model: "HubModel") -> "Iterator[Progress]":
    """A progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    present: dict[str, int] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(model.name, total=model.size_bytes)

        def report(file: Any, size_bytes: int) -> None:  # noqa: ANN401 - `HubFile`, which is imported for types only
            present[file.name] = size_bytes
            bar.update(task, completed=sum(present.values()))

        yield report


def _show(found: "list[Model]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "purpose", "state", "source", "license", "sha256", box=box.SIMPLE, pad_edge=False)
    table.columns[0].no_wrap = table.columns[-1].no_wrap = True
    for model in found:
        digest = model.digest[:_DIGEST_DIGITS]
        table.add_row(model.name, model.purpose, model.state, model.source, model.license, digest)
    Console().print(table, markup=False)
    for command in dict.fromkeys(model.get for model in found if model.get):
        typer.echo(f"To install: {command}")
