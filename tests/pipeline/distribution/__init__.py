"""Tests of runs whose shards are processed by workers."""
