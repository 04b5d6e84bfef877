"""Manifests: every good one is read the same way, every bad one is refused with a remedy."""
