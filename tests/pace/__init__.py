"""Slots and retries."""
