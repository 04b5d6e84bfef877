"""Parquet tables: the plan of a run, and the outcome of each row. Columns are documented in docs/results.md."""

import pyarrow as pa

# Arrow's default allocator keeps memory that its many short-lived threads have freed: over 100,000 rows a run grew from
# 270 to 477 MB. With the system's allocator it stays constant (benchmarks/memory.py).
pa.set_memory_pool(pa.system_memory_pool())


def release_memory() -> None:
    """Return the memory of tables that are no longer needed to the operating system; the allocator keeps some of it."""
    pa.default_memory_pool().release_unused()
