"""The checks of every client's evidence, method by method."""

from tests.sdks.checks import errors, seeing, speaking, tokens, voices
from tests.sdks.checks.register import CHECKS, Check

__all__ = ["CHECKS", "Check", "errors", "seeing", "speaking", "tokens", "voices"]
