"""Fixtures: the command, and a service for its calls."""

from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]
