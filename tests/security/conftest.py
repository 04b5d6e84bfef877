"""Fixtures: the command and the service that it uses."""

from tests.flows.conftest import fast_retries, service, voicemill

__all__ = ["fast_retries", "service", "voicemill"]
