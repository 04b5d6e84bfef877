"""One call, one row, one shard, against a server that lies."""
