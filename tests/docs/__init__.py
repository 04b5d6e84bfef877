"""The documentation matches the product."""
