"""The embedded speech engine: an ASGI app that speaks the Cartesia HTTP API."""
