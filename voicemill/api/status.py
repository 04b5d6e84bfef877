"""`apiStatus` of the reference."""

from voicemill.api.answers import Told, checked
from voicemill.api.wire import Wire


class ApiInfo(Told):
    """The answer of `GET /`."""

    ok: bool
    version: str


class ApiStatus:
    """`apiStatus` of the reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self) -> ApiInfo:
        """Whether the service is up, and its API version."""
        return checked(ApiInfo, (await self._wire.ask("GET", "")).json())
