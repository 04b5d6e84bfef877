"""Fixtures: the command."""

from tests.flows.conftest import voicemill

__all__ = ["voicemill"]
