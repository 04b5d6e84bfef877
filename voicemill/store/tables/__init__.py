"""Parquet tables: the plan of a run, and what became of each row. Columns are documented in docs/results.md."""
