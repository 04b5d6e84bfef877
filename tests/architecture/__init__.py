"""Tests of the architecture: imports, file sizes, docstrings."""
