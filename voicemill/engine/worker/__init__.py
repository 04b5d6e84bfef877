"""Code that runs in worker processes. Audio libraries are loaded only here, never in the server."""
