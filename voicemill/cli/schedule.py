"""`voicemill schedule`: runs that recur, kept by Prefect and served by `voicemill up`."""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.prefect_server.ensure import ensure_server
from voicemill.cli import run
from voicemill.cli.options import Json, SpendingOptions, results_folder
from voicemill.errors import ConfigError
from voicemill.manifest.problems import printable

app = typer.Typer(help="Runs that recur.", no_args_is_help=True, rich_markup_mode=None)

_USAGE: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""Click's error for a wrong command line: Typer has a Click of its own, or not, as its version goes."""

Name = Annotated[str, typer.Argument(help="The schedule's name.", show_default=False)]


@app.command()
def add(
    name: Name,
    command: Annotated[list[str], typer.Argument(help="-- run MANIFEST -o RESULTS …", show_default=False)],
    cron: Annotated[str, typer.Option(help='When to run, as a cron line: "0 1 * * *".')] = "",
    timezone: Annotated[str, typer.Option(help="The time zone of that line, as in Europe/Berlin.")] = "UTC",
    every: Annotated[float, typer.Option(min=0, help="Run every so many seconds, in place of --cron.")] = 0,
    skip_if_later_than: Annotated[
        float, typer.Option(min=0, help="Skip a run that begins so many seconds late. [run once, however late]")
    ] = 0,
) -> None:
    """Let a run recur; a schedule of the same name is replaced. Only what is new or has changed is paid for."""
    parameters = _parameters(command) | {"skip_if_later_than_s": skip_if_later_than}
    with _prefect():
        from flows.schedules import Recurrence
        from flows.schedules import add as add_schedule

        _run(add_schedule(name, Recurrence(cron, timezone, every), parameters))
    typer.echo(f"Schedule {name!r} is set; voicemill up serves it.")


@app.command("list")
def list_schedules(as_json: Json = False) -> None:
    """Show every schedule: when it fires, its next run, and how its last one ended."""
    with _prefect():
        from flows.schedules import listed

        found = _run(listed())
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        standing = "paused" if one["paused"] else f"next {one['next_run'] or 'when voicemill up serves it'}"
        typer.echo(f"{one['name']}: {one['fires']}, {standing}")
        typer.echo(f"  {one['manifest']} into {one['results']}")
        if one["last_run"]:
            typer.echo(f"  last {one['last_run']}: {one['last_state']}, {printable(one['last_message'] or 'no word')}")


@app.command()
def pause(name: Name) -> None:
    """Let a schedule fire no more until it is resumed."""
    with _prefect():
        from flows.schedules import set_paused

        _run(set_paused(name, paused=True))
    typer.echo(f"Schedule {name!r} is paused.")


@app.command()
def resume(name: Name) -> None:
    """Let a paused schedule fire again."""
    with _prefect():
        from flows.schedules import set_paused

        _run(set_paused(name, paused=False))
    typer.echo(f"Schedule {name!r} fires again.")


@app.command("remove")
def remove_schedule(name: Name) -> None:
    """Forget a schedule; its results stay."""
    with _prefect():
        from flows.schedules import remove

        _run(remove(name))
    typer.echo(f"Schedule {name!r} is gone.")


@contextmanager
def _prefect() -> Iterator[None]:
    with ensure_server() as lease:
        lease.wait_until_ready()
        yield


def _run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it gives
    return asyncio.run(work)


def _parameters(command: Sequence[str]) -> dict[str, Any]:
    """What the command of a schedule asks of the flow, with whole paths. Raises `ConfigError`."""
    if command[0] != "run":
        raise ConfigError(f"{command[0]!r} cannot recur; give the command of a run behind --, as in -- run MANIFEST")
    given = _parsed(command[1:])
    manifest = str(given["manifest"])
    if manifest == "-":
        raise ConfigError("standard input cannot recur; give the path of a manifest")
    options = SpendingOptions(**{field.name: given[field.name] for field in fields(SpendingOptions)})
    return {
        "manifest": str(Path(manifest).absolute()),
        "results": str(results_folder(given["results"], manifest).absolute()),
        "settings": options.settings().model_dump(mode="json"),
    }


def _parsed(arguments: Sequence[str]) -> dict[str, Any]:
    runs = typer.Typer(add_completion=False)
    runs.command("run")(run.run)
    try:
        return typer.main.get_command(runs).make_context("run", [*arguments]).params
    except _USAGE as error:
        raise ConfigError(f"the command of the schedule is no run: {error}") from None
