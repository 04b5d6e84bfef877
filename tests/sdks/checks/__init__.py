"""What must be true of what any client brought back, method by method."""

from tests.sdks.checks import errors, seeing, speaking, tokens, voices
from tests.sdks.checks.register import CHECKS, Check

__all__ = ["CHECKS", "Check", "errors", "seeing", "speaking", "tokens", "voices"]
