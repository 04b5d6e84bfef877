"""Concurrency, retries, budgets and outages."""
