"""Splitting, planning and estimating."""
