"""What is found while one row's cells are checked."""

from dataclasses import dataclass, field
from typing import NamedTuple


def printable(text: str, longest: int = 1000) -> str:
    """`text`, cut in its middle to `longest`, with escapes for what a terminal, a log or UTF-8 cannot take."""
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-longest // 3 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Choice(NamedTuple):
    """A parameter's text, and whether it comes from the settings because the row's cell is empty."""

    text: str
    from_settings: bool


class Fault(NamedTuple):
    """A column of a row, and what is wrong with it; a fault of the settings is the same for many rows.

    `code` names what is wrong with a file that the cell names, and is empty for what is wrong with the cell itself.
    """

    column: str
    why: str
    from_settings: bool = False
    code: str = ""


@dataclass(slots=True)
class Findings:
    """Collects faults, which stop the run, and warnings, which do not."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def fault(self, column: str, why: str, choice: Choice | None = None, *, code: str = "") -> None:
        """Note what is wrong with a cell, the setting that stands in for it, or (`code`) the file that it names."""
        from_settings = choice is not None and choice.from_settings
        origin = "; it comes from the profile or the command line, for the row's cell is empty" if from_settings else ""
        self.faults.append(Fault(column, why + origin, from_settings, code))

    def warn(self, column: str, why: str) -> None:
        """Note what may be meant otherwise."""
        self.warnings.append(Fault(column, why))
