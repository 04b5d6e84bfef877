"""The embedded engine through its HTTP API, with its real synthesizers."""
