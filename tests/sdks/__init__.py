"""Cartesia's official SDKs with the served engine: they must work as they do with Cartesia's service."""
