"""The register of checks: each belongs to one method of the reference."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sdks.evidence import Evidence

Judge = Callable[[Evidence], None]

ERRORS = "errors"
"""The row of the table for what no single method can show."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true of a method; `judge` raises `AssertionError` where it is not."""

    method: str
    judge: Judge

    @property
    def name(self) -> str:
        """The method and what is checked, for a test's id."""
        return f"{self.method}-{self.judge.__name__}"


CHECKS: list[Check] = []


def check(method: str) -> Callable[[Judge], Judge]:
    """Register a function as a check of a method."""

    def registered(judge: Judge) -> Judge:
        CHECKS.append(Check(method, judge))
        return judge

    return registered
