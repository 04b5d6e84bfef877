"""Access tokens: short-lived credentials for clients that must not have the API key."""

from collections.abc import Iterable

from pydantic import SecretStr

from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Transport
from voicemill.config import AccessToken
from voicemill.errors import BadAnswer, ConfigError

GRANTS = ("tts", "stt")
MAX_TOKEN_S = 3600


class _Token(ResponseModel):
    token: SecretStr


class Auth:
    """Create access tokens."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def access_token(
        self,
        *,
        grants: Iterable[str] = GRANTS,
        expires_in_s: int | None = None,
        deadline_s: float | None = None,
    ) -> AccessToken:
        """Create a token for the methods in `grants` that expires after `expires_in_s` seconds, at most 3600.

        Its text is masked; `reveal()` returns it. `voicemill.Cartesia` accepts it in place of an API key.

            token = await client.auth.access_token(grants=["tts"], expires_in_s=60)
        """
        request: dict[str, object] = {"grants": dict.fromkeys(grants, True)}
        if expires_in_s is not None:
            request["expires_in"] = expires_in_s
        reply = await self._transport.send("POST", "access-token", request, deadline_s=deadline_s)
        try:
            return AccessToken(checked(_Token, reply.json()).token.get_secret_value())
        except ConfigError:
            why = "the response holds an invalid token"
        except BadAnswer as error:
            why = str(error)
        # A new error outside the handler: the frames of the first one hold the response, and with it the token.
        raise BadAnswer(why, status=reply.status)
