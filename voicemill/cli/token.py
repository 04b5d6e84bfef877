"""`voicemill token`: a short-lived access token for a client that must not have the API key."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from voicemill.cli.help_page import Command, command_app, examples
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import retried, with_service

if TYPE_CHECKING:
    from voicemill.config import AccessToken
    from voicemill.service import Service

app = command_app()

LONGEST_TOKEN_S = 3600


@app.command(cls=Command, epilog=examples("voicemill token", "voicemill token --tts --expires-in 60 --json"))
def token(
    tts: Annotated[bool, typer.Option("--tts", help="Grant text to speech.")] = False,
    stt: Annotated[bool, typer.Option("--stt", help="Grant speech to text.")] = False,
    expires_in: Annotated[
        int,
        typer.Option(min=1, max=LONGEST_TOKEN_S, metavar="SECONDS", help="Lifetime of the token.", show_default=True),
    ] = 600,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Create a short-lived access token.

    Prints only the token, for use in scripts. Without --tts and --stt, the token grants both.
    """
    from voicemill.cartesia.access_tokens import GRANTS
    from voicemill.config import load_settings

    settings = load_settings(profile)
    chosen = [grant for grant, is_given in zip(GRANTS, (tts, stt), strict=True) if is_given]
    grants = chosen or [*GRANTS]

    async def granted(service: "Service") -> "AccessToken":
        auth = service.cartesia.auth
        return await retried(settings, lambda: auth.access_token(grants=grants, expires_in_s=expires_in))

    secret = with_service(settings, granted).reveal()
    content = {"token": secret, "grants": grants, "expires_in_s": expires_in}
    typer.echo(json.dumps(content, indent=2) if as_json else secret)
