"""`voicemill engine`: the embedded engine as a server."""

from typing import Annotated

import typer

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

    typer.echo(f"The embedded engine listens at http://{host}:{port} (any API key will do). Ctrl-C ends it.", err=True)
    uvicorn.run(create_app(), host=host, port=port, log_level="warning", access_log=False)
