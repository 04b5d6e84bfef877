"""Prefect flows: one per operation, plus retries, schedules and the shared Prefect server."""
