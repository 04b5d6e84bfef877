"""The inside of a worker process: audio libraries are loaded here, and nowhere in the server."""
