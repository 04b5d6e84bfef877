"""`voicemill token`: a short-lived token for somebody who must not have the key."""

import json
from typing import Annotated

import typer

from voicemill.cartesia.access_tokens import FAMILIES, LONGEST_TOKEN_S
from voicemill.cli.options import Json, Profile
from voicemill.cli.single_calls import answer_of, tried
from voicemill.config import AccessToken, load_settings
from voicemill.service import Service


def token(
    tts: Annotated[bool, typer.Option("--tts", help="It may speak.")] = False,
    stt: Annotated[bool, typer.Option("--stt", help="It may transcribe.")] = False,
    expires_in: Annotated[
        int, typer.Option(min=1, max=LONGEST_TOKEN_S, metavar="SECONDS", help="How long it opens anything.")
    ] = 600,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Print an access token; without --tts and --stt it may do both."""
    settings = load_settings(profile)
    chosen = [family for family, wanted in zip(FAMILIES, (tts, stt), strict=True) if wanted]
    grants = chosen or [*FAMILIES]

    async def granted(service: Service) -> AccessToken:
        auth = service.cartesia.auth
        return await tried(settings, lambda: auth.access_token(grants=grants, expires_in_s=expires_in))

    secret = answer_of(settings, granted).reveal()
    told = {"token": secret, "grants": grants, "expires_in_s": expires_in}
    typer.echo(json.dumps(told, indent=2) if as_json else secret)
