"""The quality checks that a row requests."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Check = Literal["off", "signals", "guided", "transcribed"]
CHECKS: Final[tuple[str, ...]] = get_args(Check)
"""The checks. `guided` and `transcribed` include `signals`."""

_COMPARE_WORDS: Final = frozenset[Check]({"guided", "transcribed"})

MAX_TAKES: Final = 10
"""The largest number of takes that a manifest may set."""


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """How the generated audio of a row is checked, and how often a bad passage is generated."""

    check: Check = "off"
    max_takes: int = 1
    """How often a passage with a bad verdict is generated at most, including the first time."""
    allowed_words: tuple[str, ...] = ()
    """The words of the text that checks do not compare, in lower case."""

    @property
    def compares_words(self) -> bool:
        """Whether the check compares the words with the text."""
        return self.check in _COMPARE_WORDS


UNCHECKED: Final = QualityCheck()
"""For a row without a check, such as a transcription."""
