"""Cartesia's own SDKs against the served engine: software that knows nothing of voicemill must notice no difference."""
