"""The collected inputs of other people's reports, each run from end to end; skipped where they are not present."""
