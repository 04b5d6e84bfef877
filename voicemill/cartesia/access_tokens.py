"""`auth` of the reference: tokens for those who must not have the key."""

from collections.abc import Iterable

from pydantic import SecretStr

from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Transport
from voicemill.config import AccessToken
from voicemill.errors import BadAnswer, ConfigError

FAMILIES = ("tts", "stt")
LONGEST_TOKEN_S = 3600


class _Token(ResponseModel):
    token: SecretStr


class Auth:
    """`auth` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

    async def access_token(
        self,
        *,
        grants: Iterable[str] = FAMILIES,
        expires_in_s: int | None = None,
        deadline_s: float | None = None,
    ) -> AccessToken:
        """A token that opens the families `grants` for `expires_in_s` seconds, 3600 at most.

        It prints masked; `Transport` takes it in place of a key, and `reveal()` gives it to whoever is to use it.
        """
        question: dict[str, object] = {"grants": dict.fromkeys(grants, True)}
        if expires_in_s is not None:
            question["expires_in"] = expires_in_s
        reply = await self._wire.ask("POST", "access-token", question, deadline_s=deadline_s)
        try:
            return AccessToken(checked(_Token, reply.json()).token.get_secret_value())
        except ConfigError:
            why = "the service answered with a token that cannot be one"
        except BadAnswer as error:
            why = str(error)
        # A new error, outside the handler: the frames that the first one came through hold the answer.
        raise BadAnswer(why, status=reply.status)
