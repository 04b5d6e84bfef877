"""The register of checks, each for one method of the API reference."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sdks.evidence import Evidence

Judge = Callable[[Evidence], None]

ERRORS = "errors"
"""The table row for checks that concern no single method."""


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement of a method; `judge` raises `AssertionError` if it is violated."""

    method: str
    judge: Judge

    @property
    def name(self) -> str:
        """The method and the name of the check, as a test id."""
        return f"{self.method}-{self.judge.__name__}"


CHECKS: list[Check] = []


def check(method: str) -> Callable[[Judge], Judge]:
    """Register a function as a check of a method."""

    def registered(judge: Judge) -> Judge:
        CHECKS.append(Check(method, judge))
        return judge

    return registered
