"""An S3 server on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import fsspec  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer


@contextmanager
def s3_server() -> Iterator[str]:
    """Start a server without objects; yields its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    clients = fsspec.get_filesystem_class("s3")
    clients.clear_instance_cache()  # clients are cached without the address of their server
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        clients.clear_instance_cache()
        server.stop()
