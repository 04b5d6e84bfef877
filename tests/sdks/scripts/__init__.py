"""Scripts that call every method with one client in its environment and record the results."""
