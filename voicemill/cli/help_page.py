"""Help pages: options in named sections, then examples that can be pasted into a shell."""

import os
from collections.abc import Iterable
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

SECTIONS: Final = ("Input", "Voice", "Output", "Book", "Quality", "Pace", "Budget", "Run")
"""Titles of option groups, in the order of the help page; options without a group come last."""

_WIDEST: Final = 100

CONTEXT: Final = {"max_content_width": _WIDEST, "help_option_names": ["-h", "--help"]}


def examples(*commands: str) -> str:
    """The epilog of a command's help page: one shell command per line."""
    return "\n".join(commands)


def examples_of(command: Any) -> list[str]:  # noqa: ANN401 - Click's or Typer's command
    """The shell commands that the help page of `command` shows."""
    return str(command.epilog or "").splitlines()


class Command(TyperCommand):
    """A command whose help page shows its options by section and ends with examples."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Click's types, vendored by Typer or not
        """Write the usage line."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write arguments, then options by section."""
        _write_parameters(self.get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the examples."""
        _write_examples(examples_of(self), formatter)


class Group(TyperGroup):
    """A group of commands with the same help pages."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the usage line."""
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        _write_parameters(self.get_params(ctx), ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write one line per command."""
        summaries = [(name, _summary(command)) for name, command in self.commands.items()]
        write_section("Commands", summaries, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the examples."""
        _write_examples(examples_of(self), formatter)


def command_app() -> typer.Typer:
    """A Typer app that holds one command."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=dict(CONTEXT))


def group_app(help_text: str) -> typer.Typer:
    """A Typer app that holds a group of commands; every command in it takes `cls=Command`."""
    return typer.Typer(
        help=help_text,
        cls=Group,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=dict(CONTEXT),
    )


def write_section(title: str, rows: Iterable[tuple[str, str]], formatter: Any) -> None:  # noqa: ANN401
    """Write a heading and its two columns; nothing where there are no rows."""
    listed = list(rows)
    if listed:
        with formatter.section(_heading(title)):
            formatter.write_dl(listed)


def _write_usage(command: Any, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
    names = [_metavar(one) for one in command.get_params(ctx) if one.param_type_name == "argument"]
    pieces = [command.options_metavar, *names, getattr(command, "subcommand_metavar", "")]
    formatter.write_usage(ctx.command_path, " ".join(filter(None, pieces)), prefix=_heading("Usage") + ": ")


def _write_parameters(parameters: Iterable[Any], ctx: Any, formatter: Any) -> None:  # noqa: ANN401
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    sections |= {f"{title} options": [] for title in SECTIONS} | {"Options": []}
    for parameter in parameters:
        if parameter.param_type_name == "argument":
            sections["Arguments"].append((_metavar(parameter), parameter.help or ""))
        elif record := parameter.get_help_record(ctx):
            sections[_section_of(parameter)].append(record)
    for title, rows in sections.items():
        write_section(title, rows, formatter)


def _metavar(argument: Any) -> str:  # noqa: ANN401
    return str(argument.metavar or argument.name.upper())


def _section_of(parameter: Any) -> str:  # noqa: ANN401
    panel = getattr(parameter, "rich_help_panel", None)
    return f"{panel} options" if panel else "Options"


def _write_examples(commands: list[str], formatter: Any) -> None:  # noqa: ANN401
    if commands:
        with formatter.section(_heading("Examples")):
            for command in commands:
                formatter.write(f"  {command}\n")


def _summary(command: Any) -> str:  # noqa: ANN401
    return str(command.get_short_help_str(_WIDEST))


def _heading(title: str) -> str:
    """Bold on a terminal; Typer removes the codes where output is not one."""
    return title if "NO_COLOR" in os.environ else typer.style(title, bold=True)
