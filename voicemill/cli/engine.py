"""`voicemill engine`: the embedded engine as a server."""

import os
import socket
from contextlib import suppress
from typing import Annotated

import typer

from voicemill.errors import ConfigError

app = typer.Typer(help="The embedded speech engine.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _engine() -> None:
    """The embedded speech engine."""


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    allow_host: Annotated[list[str] | None, typer.Option(help="A name that others call this machine by.")] = None,
) -> None:
    """Serve the embedded engine to any Cartesia client, until Ctrl-C.

    Any API key will do, unless VOICEMILL_ENGINE_KEYS lists those that open it, separated by commas.
    """
    import uvicorn

    from voicemill.engine.serving import guarded_app

    with _listener(host, port) as listener:
        engine = guarded_app(host=host, allowed_hosts=allow_host or ())
        place = f"http://{host}:{listener.getsockname()[1]}"
        typer.echo(f"The embedded engine listens at {place}. Ctrl-C ends it.", err=True)
        config = uvicorn.Config(engine, log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):  # uvicorn has ended in order, then raises it again
            uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError(f"cannot listen at {host}, port {port}: {why}; choose another --port or --host") from None
