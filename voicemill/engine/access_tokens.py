"""Signed, short-lived access tokens for one or more request families (JSON Web Tokens, RFC 7519, HS256)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from voicemill.engine.refusals import Refusal

ISSUER: Final = "voicemill-engine"
LONGEST_S: Final = 3600
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


class Tokens:
    """Creates and verifies tokens. Without a signing key it uses a random one, so tokens end with the engine."""

    def __init__(self, signing_key: str | None, clock: Callable[[], float] = time.time) -> None:
        self._key = (signing_key or secrets.token_hex(32)).encode()
        self._clock = clock

    def token(self, grants: Iterable[str], lifetime_s: int) -> str:
        """A token for the request families `grants`, valid for `lifetime_s` seconds."""
        claims = {"iss": ISSUER, "grants": sorted(grants), "exp": int(self._clock()) + lifetime_s}
        signed = f"{_packed(_HEADER)}.{_packed(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def grants(self, token: str) -> frozenset[str] | None:
        """The request families that a token covers; None for text that is not such a token.

        Raises `Refusal` (401) when it has expired or its signature is wrong.
        """
        signed, _, signature = token.rpartition(".")
        claims = _claims(signed)
        if claims is None:
            return None
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            raise Refusal(
                401,
                "Unauthorized",
                "The signature of this access token is invalid. Create one with POST /access-token.",
            )
        if claims["exp"] <= self._clock():
            raise Refusal(401, "Unauthorized", "This access token has expired. Create another with POST /access-token.")
        return frozenset(claims["grants"])

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))


def _claims(signed: str) -> dict[str, Any] | None:
    """The unverified claims of a token of this engine."""
    header, _, payload = signed.partition(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None
    ours = isinstance(claims, dict) and claims.get("iss") == ISSUER and header == _packed(_HEADER)
    return claims if ours else None


def _packed(content: Mapping[str, object]) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
