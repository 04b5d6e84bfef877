"""An S3 server on this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import fsspec  # type: ignore[import-untyped]
from moto import backends
from moto.server import ThreadedMotoServer


@contextmanager
def s3_server() -> Iterator[str]:
    """Start a server without objects; yields its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    clients = fsspec.get_filesystem_class("s3")
    clients.clear_instance_cache()  # clients are cached without the address of their server
    with _fast_requests():
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            clients.clear_instance_cache()
            server.stop()


@contextmanager
def _fast_requests() -> Iterator[None]:
    """Log no request, and list moto's services once, not twice per request."""
    services = frozenset(backends.list_of_moto_modules())
    log = logging.getLogger("werkzeug")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with mock.patch.object(backends, "list_of_moto_modules", return_value=services):
            yield
    finally:
        log.setLevel(level)
