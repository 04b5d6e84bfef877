"""The `voicemill` command."""

from voicemill.cli.app import main

__all__ = ["main"]
