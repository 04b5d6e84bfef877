"""A command to call, and a service for it to ask."""

from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]
