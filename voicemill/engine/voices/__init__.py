"""Voices: their parameters and their storage."""
