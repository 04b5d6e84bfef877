"""Checks of generated speech: what is wrong with the audio of a passage, and where."""
