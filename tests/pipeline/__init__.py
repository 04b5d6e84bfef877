"""Tests of the pipeline with a hostile server: calls, rows and shards."""
