"""Tests of sources that are not tables."""
