"""The quality checks that a row can request."""

from typing import Final, Literal, get_args

Check = Literal["off", "signals", "guided", "transcribed"]
CHECKS: Final[tuple[str, ...]] = get_args(Check)
"""The checks. `guided` and `transcribed` include `signals`."""

WORD_CHECKS: Final = frozenset[Check]({"guided", "transcribed"})
"""The checks that compare the words with the text."""

MAX_TAKES: Final = 10
"""The largest number of takes that a manifest may set."""
