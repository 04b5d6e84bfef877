"""The embedded engine through its HTTP face, with its real synthesizers."""
