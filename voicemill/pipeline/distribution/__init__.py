"""Runs whose shards are processed by workers in other processes, on this machine or on others."""
