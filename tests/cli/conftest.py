"""Fixtures: the command, and a service for its calls."""

from tests.flows.conftest import fast_retries, service, voicemill

__all__ = ["fast_retries", "service", "voicemill"]
