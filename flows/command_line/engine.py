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
) -> None:
    """Serve the embedded engine to any Cartesia client, until Ctrl-C."""
    import uvicorn

    from voicemill.engine.app import create_app

    with _listener(host, port) as listener:
        place = f"http://{host}:{listener.getsockname()[1]}"
        typer.echo(f"The embedded engine listens at {place} (any API key will do). Ctrl-C ends it.", err=True)
        config = uvicorn.Config(create_app(), log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):  # uvicorn has ended in order, then raises it again
            uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError(f"cannot listen at {host}, port {port}: {why}; choose another --port or --host") from None
