"""The key of the service: no setting, for it is a secret; it comes from the environment."""

import os
from typing import ClassVar, NoReturn

from voicemill.errors import ConfigError

KEY_VARIABLE = "CARTESIA_API_KEY"
TOKEN_VARIABLE = "CARTESIA_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


class ApiKey:
    """A secret that can be used for a header and for nothing else: it prints masked and refuses to be pickled."""

    __slots__ = ("_value",)
    VARIABLE: ClassVar = KEY_VARIABLE
    """Where the environment holds it."""

    def __init__(self, value: str) -> None:
        self._value = value.strip()
        del value  # A traceback may show local variables.
        if not self._value or not self._value.isascii() or not self._value.isprintable():
            raise ConfigError(f"{self.VARIABLE} is empty or holds characters that no key has; set it again")

    @staticmethod
    def from_environment() -> "ApiKey | None":
        """The key in `CARTESIA_API_KEY`, else the token in `CARTESIA_ACCESS_TOKEN`; None where neither is set."""
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
    """A short-lived token that stands in for the key with what it was granted; as secret as a key."""

    __slots__ = ()
    VARIABLE = TOKEN_VARIABLE
