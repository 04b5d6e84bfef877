"""Limits on calls: concurrency, request rate, retries, budget, and the circuit breaker."""
