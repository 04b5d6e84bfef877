"""Groups of options: dataclasses whose fields become options of every command that takes the group."""

import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, get_type_hints


class Sets(NamedTuple):
    """The setting that an option overrides; settings without a section are fields of `Settings`."""

    section: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Options:
    """A group of options; `panel` is its title on help pages."""

    panel: ClassVar[str] = "Run"

    def changes(self) -> dict[str, Any]:
        """The settings to override, by section; None for an option that was not given."""
        given: dict[str, Any] = {}
        for name, option in get_type_hints(type(self), include_extras=True).items():
            for target in getattr(option, "__metadata__", ()):
                if isinstance(target, Sets):
                    section = given.setdefault(target.section, {}) if target.section else given
                    value = getattr(self, name)
                    section[target.name] = None if value == [] else value
        return given


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with the fields of its option groups as separate options, as Typer expects them."""
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: taken.annotation for name, taken in signature.parameters.items() if is_dataclass(taken.annotation)
    }

    def called(**given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    called.__doc__ = command.__doc__
    called.__name__ = command.__name__
    called.__signature__ = signature.replace(parameters=list(_spread(signature)))  # type: ignore[attr-defined]
    return called


def _spread(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for name, taken in signature.parameters.items():
        if is_dataclass(taken.annotation):
            hints = get_type_hints(taken.annotation, include_extras=True)
            for field in fields(taken.annotation):
                yield _option(field.name, _in_panel(taken.annotation, field.name, hints[field.name]), field.default)
        else:
            yield _option(name, taken.annotation, taken.default)


def _in_panel(group: Any, name: str, annotation: Any) -> Any:  # noqa: ANN401 - a class and a type
    """`annotation` with the help section of the class that declares the option."""
    declaring = next(base for base in group.__mro__ if name in base.__annotations__)
    marks = []
    for mark in annotation.__metadata__:
        if hasattr(mark, "rich_help_panel"):
            mark = copy(mark)
            mark.rich_help_panel = mark.rich_help_panel or declaring.panel
        marks.append(mark)
    return Annotated[(annotation.__origin__, *marks)]


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:  # noqa: ANN401 - any type
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
