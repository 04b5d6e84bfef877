"""Measuring and changing recorded speech."""
