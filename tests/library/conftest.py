"""Fixtures: a scripted speech service for the calls of the library."""

from tests.flows.conftest import service

__all__ = ["service"]
