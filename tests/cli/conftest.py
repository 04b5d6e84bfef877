"""Fixtures: the command, in this process and in forked ones, and a service for its calls."""

from tests.flows.conftest import fast_retries, forked, service, voicemill

__all__ = ["fast_retries", "forked", "service", "voicemill"]
