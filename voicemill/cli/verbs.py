"""The commands of voicemill by name; the module of a command is imported when that command is needed."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar, Final, NamedTuple, cast

import typer

from voicemill.cli.help_page import Group, write_section


class Verb(NamedTuple):
    """A command as the top-level help lists it: its section, and the first sentence of its own help page."""

    section: str
    summary: str


_RUNS, _BOOKS, _SINGLE, _SERVERS = "Runs", "Audiobooks", "Single calls", "Schedules and servers"

VERBS: Final = {
    "validate": Verb(_RUNS, "Check a manifest and list every problem by row and column."),
    "plan": Verb(_RUNS, "Estimate calls, credits, cost, audio length and run time of a manifest."),
    "run": Verb(_RUNS, "Process a manifest into a results folder, or resume an earlier run."),
    "retry": Verb(_RUNS, "Retry unfinished rows with the original settings; options given here override them."),
    "status": Verb(_RUNS, "Show the progress of a live run, or how the last run ended."),
    "report": Verb(_RUNS, "Write the HTML report of a results folder: problems, audio, texts and costs."),
    "control": Verb(_RUNS, "Pause, resume, limit or stop a live run."),
    "verify": Verb(_RUNS, "Check every file, answer and table of a results folder for damage."),
    "check": Verb(_RUNS, "Check the audio and transcripts of finished rows for faults, without API calls."),
    "export": Verb(_RUNS, "Write stored transcripts and word timestamps in other formats, without API calls."),
    "copy": Verb(_RUNS, "Copy finished files and tables to an object store."),
    "book": Verb(_BOOKS, "Turn a book into a manifest, and the results into an audiobook."),
    "say": Verb(_SINGLE, "Generate speech from one text."),
    "transcribe": Verb(_SINGLE, "Transcribe one recording."),
    "voices": Verb(_SINGLE, "List voices, and create, change or delete your own."),
    "token": Verb(_SINGLE, "Create a short-lived access token."),
    "schedule": Verb(_SERVERS, "Create, list, pause and remove recurring runs."),
    "up": Verb(_SERVERS, "Serve schedules with a local Prefect server and a worker, until Ctrl-C."),
    "engine": Verb(_SERVERS, "Serve the embedded speech engine over HTTP."),
    "models": Verb(_SERVERS, "List the models that speak and transcribe on this machine, and download further ones."),
}


_FLAGS = ("help", "install_completion", "show_completion")


class LazyCommands(Mapping[str, Any]):
    """Command objects by name, each imported when it is first looked up.

    The command `name` is the `app` of the module `voicemill.cli.<prefix><name>`.
    """

    def __init__(self, verbs: Mapping[str, Verb], prefix: str = "") -> None:
        self._verbs = verbs
        self._prefix = prefix
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's command
        if name not in self._verbs:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = _load(name, self._prefix)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._verbs

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)


class LazyGroup(Group):
    """A group whose help page lists its `verbs` by section, without importing them."""

    verbs: ClassVar[Mapping[str, Verb]]
    prefix: ClassVar[str] = ""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - whatever Typer passes
        super().__init__(**attributes)
        lazy = LazyCommands(self.verbs, self.prefix)
        self.commands = cast(MutableMapping[str, Any], lazy)  # Typer only reads it

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer's types
        """Write the commands by section."""
        for section in dict.fromkeys(verb.section for verb in self.verbs.values()):
            rows = [(name, verb.summary) for name, verb in self.verbs.items() if verb.section == section]
            write_section(section, rows, formatter)


class VerbGroup(LazyGroup):
    """The top-level command."""

    verbs = VERBS

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's types
        """The options. Flags get False as default: Typer would import pydantic, which takes long, to convert None."""
        parameters: list[Any] = super().get_params(ctx)
        for parameter in parameters:
            if parameter.name in _FLAGS and parameter.default is None:
                parameter.default = False
        return parameters


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, as in `voicemill voices list`; imports the module of each."""
    waiting = [(f"voicemill {name}", _load(name, "")) for name in VERBS]
    while waiting:
        name, command = waiting.pop(0)
        yield name, command
        waiting[:0] = [(f"{name} {below}", found) for below, found in getattr(command, "commands", {}).items()]


def _load(name: str, prefix: str) -> Any:  # noqa: ANN401 - Typer's command
    command = typer.main.get_command(import_module(f"voicemill.cli.{prefix}{name}").app)
    command.name = name
    return command
