"""Requests and files that nobody would send on purpose: the engine must refuse them, and nothing else may happen."""
