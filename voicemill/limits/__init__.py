"""How fast, how often and for how much calls are made."""
