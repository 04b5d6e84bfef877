"""`voicemill engine`: the embedded engine as a server."""

import os
import socket
from contextlib import suppress
from typing import Annotated

import typer

from voicemill.cli.help_page import Command, examples, group_app
from voicemill.errors import ConfigError

app = group_app("Serve the embedded speech engine over HTTP.")


@app.callback()
def _engine() -> None:
    """Make `engine` a group although it has one command."""


@app.command(
    cls=Command,
    epilog=examples("voicemill engine serve", "voicemill engine serve --port 8080 --host 0.0.0.0 --allow-host mill"),
)
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port; 0 picks a free one.")] = 8000,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Accept requests whose Host header is NAME. Repeatable."),
    ] = None,
) -> None:
    """Serve the embedded engine to any Cartesia client, until Ctrl-C.

    Every API key is accepted, unless VOICEMILL_ENGINE_KEYS lists the valid ones, separated by commas.
    """
    import uvicorn

    from voicemill.engine.serving import guarded_app

    with _listener(host, port) as listener:
        engine = guarded_app(host=host, allowed_hosts=allow_host or ())
        url = f"http://{host}:{listener.getsockname()[1]}"
        typer.echo(f"The embedded engine listens on {url}. Press Ctrl-C to stop it.", err=True)
        config = uvicorn.Config(engine, log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):  # raised again by uvicorn after a graceful shutdown
            uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError(f"cannot listen on {host}, port {port}: {why}; choose another --port or --host") from None
