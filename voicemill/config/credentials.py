"""The API key and the access token. They come from the environment and are never part of the settings."""

import os
from typing import ClassVar, NoReturn

from voicemill.errors import ConfigError

KEY_VARIABLE = "CARTESIA_API_KEY"
TOKEN_VARIABLE = "CARTESIA_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


class ApiKey:
    """A secret for the request header. It is masked when printed and cannot be pickled."""

    __slots__ = ("_value",)
    VARIABLE: ClassVar = KEY_VARIABLE
    """The environment variable that holds it."""

    def __init__(self, value: str) -> None:
        self._value = value.strip()
        del value  # A traceback may show local variables.
        if not self._value or not self._value.isascii() or not self._value.isprintable():
            raise ConfigError(f"{self.VARIABLE} is empty or contains invalid characters; set it again")

    @staticmethod
    def from_environment() -> "ApiKey | None":
        """The key in `CARTESIA_API_KEY`, else the token in `CARTESIA_ACCESS_TOKEN`; None if neither is set."""
        named = (kind for kind in (ApiKey, AccessToken) if os.environ.get(kind.VARIABLE, "").strip())
        return next((kind(os.environ[kind.VARIABLE]) for kind in named), None)

    def reveal(self) -> str:
        """The secret itself, for the request header."""
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(****)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"an {type(self).__name__} is not pickled; pass the name of a secret instead")


class AccessToken(ApiKey):
    """A short-lived token with limited grants. It is sent instead of the API key and is just as secret."""

    __slots__ = ()
    VARIABLE = TOKEN_VARIABLE
