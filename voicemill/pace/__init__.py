"""How fast and how often calls are made."""
