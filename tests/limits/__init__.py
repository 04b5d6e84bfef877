"""PrioritySemaphore and retries."""
