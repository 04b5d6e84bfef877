"""The top-level command, and the one place where an error becomes a message and an exit code."""

import sys
from typing import Any, ClassVar, NoReturn

import typer

from voicemill.cli.help_page import CONTEXT, examples
from voicemill.cli.verbs import VerbGroup
from voicemill.errors import ExitCode, VoicemillError

_LONGEST_LINE = 5000


class Interrupted(VoicemillError):
    """The user pressed Ctrl-C before or after the part of a run that shuts down gracefully."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERRUPTED


class _Commands(VerbGroup):
    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would exit with 130 and no message
            raise Interrupted("interrupted; rerun the same command to resume") from None


app = typer.Typer(
    name="voicemill",
    cls=_Commands,
    help="Generate, transcribe and convert speech in bulk from a manifest; completed calls are never billed again.",
    epilog=examples(
        "voicemill run book.csv",
        "voicemill run --help",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=dict(CONTEXT),
)


def _print_version(value: bool) -> None:
    if value:
        from voicemill import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
    ),
) -> None:
    """Options of the top-level command."""


def main() -> NoReturn:
    """Run the command line; a voicemill error becomes a message on stderr and its exit code."""
    try:
        app(prog_name="voicemill", standalone_mode=True)
    except VoicemillError as error:
        typer.echo(f"voicemill: {_printable(str(error))}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    sys.exit(ExitCode.OK)


def _printable(text: str) -> str:
    from voicemill.manifest.problems import printable

    return "\n".join(printable(line, _LONGEST_LINE) for line in text.split("\n"))
