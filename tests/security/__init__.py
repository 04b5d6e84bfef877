"""Security tests: hostile names and texts, secrets in logs and databases, file modes, supply chain."""
