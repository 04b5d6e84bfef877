"""Inspecting recordings in a process of its own, and remembering what was found."""

from voicemill.audio.inspection.inspector import Inspector, Notes, state_of

__all__ = ["Inspector", "Notes", "state_of"]
