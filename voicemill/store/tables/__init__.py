"""Parquet tables: the plan of a run, and what became of each row. Columns are documented in docs/results.md."""

import pyarrow as pa

# Arrow's own allocator keeps what its many short-lived threads gave back: over 100,000 rows a run grew from 270 to
# 477 MB with it and stays flat with the system's (benchmarks/memory.py).
pa.set_memory_pool(pa.system_memory_pool())
