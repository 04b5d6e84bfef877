"""Manifests: reading them, and checking every row before anything is paid for."""
