"""The HTTP paths, one module a family."""
