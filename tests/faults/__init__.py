"""Fault injection: the guarantees of a run that is interrupted at any moment."""
