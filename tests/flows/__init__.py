"""End-to-end runs: command line, flows and results."""
