"""Fuzzing: the engine must refuse invalid requests and files without any other effect."""
