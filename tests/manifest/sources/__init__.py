"""Tests of sources that are no tables."""
