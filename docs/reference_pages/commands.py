"""The command reference, from the command line's own definitions."""

import html
import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer.main

from docs.reference_pages.markdown import code, table
from voicemill.cli.app import app


def page(root: str = "voicemill") -> str:
    """Every command: what it does, its usage, arguments and options."""
    return "\n".join(_command(name, command) for name, command in commands(root))


def commands(root: str = "voicemill") -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups left out, in the order of the help."""
    yield from _leaves(root, typer.main.get_command(app))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's command
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    context = command.make_context(name, [], resilient_parsing=True)
    for child in command.list_commands(context):
        found = command.get_command(context, child)
        if not found.hidden:
            yield from _leaves(f"{name} {child}", found)


def _command(name: str, command: Any) -> str:  # noqa: ANN401 - Typer's command
    context = command.make_context(name, [], resilient_parsing=True)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    usage = inspect.cleandoc(command.get_usage(context).partition(":")[2])
    parts = [f"## {name}\n", _prose(command.help), f"```text\n{usage}\n```\n"]
    for title, group in {"argument": arguments, **_panels(options)}.items():
        records = filter(None, (each.get_help_record(context) for each in group))
        if rows := [(_names(names), html.escape(text, quote=False)) for names, text in records]:
            parts.append(table([title, ""], rows))
    if command.epilog:
        parts.append(f"```sh\n{command.epilog.strip()}\n```\n")
    return "\n".join(parts)


def _panels(options: list[Any]) -> dict[str, list[Any]]:
    panels: dict[str, list[Any]] = {}
    for option in options:
        panel = getattr(option, "rich_help_panel", None)
        panels.setdefault(f"{panel} option" if panel else "option", []).append(option)
    return panels


def _names(names: str) -> str:
    """`-o, --results FOLDER` as code, one name at a time, without the types of arguments."""
    return ", ".join(code(name.strip()) for name in re.split(r", (?=-)", re.sub(r" <\w+>$", "", names)))


def _prose(text: str | None) -> str:
    """Help text as Markdown: Click's marks of unwrapped blocks (`\\b`) are dropped."""
    return inspect.cleandoc((text or "").replace("\b", "")) + "\n"
