"""The `voicemill` command."""

from flows.command_line.app import main

__all__ = ["main"]
