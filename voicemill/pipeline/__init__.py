"""One call, one row, one shard: the only place that orders pay, verify, store."""
