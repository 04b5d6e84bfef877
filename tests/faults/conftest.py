"""The service that killed runs ask, and the command that brings them to their end."""

from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]
