"""Fixtures: the command, and a scripted speech service."""

from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]
