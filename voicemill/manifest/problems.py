"""Problems and warnings about the cells of one row."""

from dataclasses import dataclass, field
from typing import NamedTuple


def printable(text: str, longest: int = 1000) -> str:
    """`text`, shortened in its middle to `longest`, with escapes for characters that terminals and logs cannot show."""
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-longest // 3 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Choice(NamedTuple):
    """A parameter's text, and whether it comes from the settings because the row's cell is empty."""

    text: str
    from_settings: bool


class CellProblem(NamedTuple):
    """A problem or warning about a column of a row. A problem of the settings is the same for many rows.

    `code` is set if the file that the cell names has the problem, and empty if the cell itself has it.
    """

    column: str
    why: str
    from_settings: bool = False
    code: str = ""


@dataclass(slots=True)
class CellReport:
    """Collects the problems of a row, which stop the run, and its warnings, which do not."""

    problems: list[CellProblem] = field(default_factory=list)
    warnings: list[CellProblem] = field(default_factory=list)

    def problem(self, column: str, why: str, choice: Choice | None = None, *, code: str = "") -> None:
        """Add a problem of a cell, of the setting that replaces it, or (with a `code`) of the file that it names."""
        from_settings = choice is not None and choice.from_settings
        origin = "; the value comes from the profile or an option, because the cell is empty" if from_settings else ""
        self.problems.append(CellProblem(column, why + origin, from_settings, code))

    def warn(self, column: str, why: str) -> None:
        """Add a warning."""
        self.warnings.append(CellProblem(column, why))
