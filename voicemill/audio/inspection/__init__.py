"""Inspect recordings in a separate process, and cache the results."""

from voicemill.audio.inspection.inspector import Inspector, Notes, state_of

__all__ = ["Inspector", "Notes", "state_of"]
