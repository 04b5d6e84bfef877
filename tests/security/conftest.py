"""The command, and the service that it asks."""

from tests.flows.conftest import brisk, service, voicemill

__all__ = ["brisk", "service", "voicemill"]
