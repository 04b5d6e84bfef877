"""Probing, joining and verifying audio."""
