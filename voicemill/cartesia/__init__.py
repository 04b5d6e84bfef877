"""The Cartesia HTTP API as an async client."""
