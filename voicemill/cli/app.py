"""The verbs of the `voicemill` command, and the one place where an error becomes a message and an exit code."""

import sys
from typing import Any, ClassVar, NoReturn

import typer
from typer.core import TyperGroup

from voicemill import __version__
from voicemill.cli import (
    control,
    copy,
    engine,
    export,
    plan,
    retry,
    run,
    say,
    schedule,
    status,
    token,
    transcribe,
    up,
    validate,
    verify,
    voices,
)
from voicemill.errors import ExitCode, VoicemillError
from voicemill.manifest.problems import printable


class Interrupted(VoicemillError):
    """The user pressed Ctrl-C where no run was under way that could end in order."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERRUPTED


class _Verbs(TyperGroup):
    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would end with 130 and without a word
            raise Interrupted("stopped; run the same command again to go on") from None


app = typer.Typer(
    name="voicemill",
    cls=_Verbs,
    help="CallPermit manifests into speech: bulk, unattended, nothing paid for twice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("validate")(validate.validate)
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("retry")(retry.retry)
app.command("control")(control.control)
app.command("copy")(copy.copy)
app.command("status")(status.status)
app.command("export")(export.export)
app.command("verify")(verify.verify)
app.command("say")(say.say)
app.command("transcribe")(transcribe.transcribe)
app.command("token")(token.token)
app.command("up")(up.up)
app.add_typer(schedule.app, name="schedule")
app.add_typer(voices.app, name="voices")
app.add_typer(engine.app, name="engine")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; every error of ours ends in a message on stderr and its exit code."""
    try:
        app(standalone_mode=True)
    except VoicemillError as error:
        said = "\n".join(printable(line, 5000) for line in str(error).split("\n"))
        typer.echo(f"voicemill: {said}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    sys.exit(ExitCode.OK)
