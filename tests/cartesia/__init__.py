"""The client: its requests, and its handling of faulty servers."""
