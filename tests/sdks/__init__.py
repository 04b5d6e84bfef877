"""Cartesia's official SDKs with the served engine: they must work as they do with Cartesia's service.

`SDKS_ENGINE=local pytest tests/sdks` runs them against the natural voices and Whisper base.
"""
