"""Runs from end to end: the command line, the flow, the files."""
