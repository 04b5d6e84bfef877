"""The run loop, without Prefect: prepare a plan, process shards, rows and calls, assemble files, publish tables."""
