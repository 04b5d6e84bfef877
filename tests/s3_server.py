"""An S3 server on this machine."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import fsspec  # type: ignore[import-untyped]
from moto import backends
from moto.core.utils import convert_to_flask_response
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
    """Log no request, list moto's services once, not twice per request, and answer one request at a time.

    A list of objects fails in moto while another request adds or deletes one. S3 has no such fault.
    """
    services = frozenset(backends.list_of_moto_modules())
    log = logging.getLogger("werkzeug")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with (
            mock.patch.object(backends, "list_of_moto_modules", return_value=services),
            mock.patch.object(convert_to_flask_response, "__call__", _one_at_a_time(convert_to_flask_response)),
        ):
            yield
    finally:
        log.setLevel(level)


def _one_at_a_time(answers: type[convert_to_flask_response]) -> Callable[..., Any]:
    lock, answer = threading.Lock(), answers.__call__

    def answer_alone(*arguments: Any, **options: Any) -> Any:
        with lock:
            return answer(*arguments, **options)

    return answer_alone
