"""The tests, mirroring the packages, then by kind."""
