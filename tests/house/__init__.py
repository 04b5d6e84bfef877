"""The cut of the house, held by tests."""
