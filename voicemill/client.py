"""The public client of the Cartesia API: `voicemill.Cartesia`.

It lies above `voicemill.cartesia`, which speaks HTTP only, because without a key it opens the embedded engine.
"""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

from voicemill.cartesia.access_tokens import Auth
from voicemill.cartesia.client import ApiStatus, CartesiaClient
from voicemill.cartesia.infill import Infill
from voicemill.cartesia.stt import SpeechToText
from voicemill.cartesia.tts import TextToSpeech
from voicemill.cartesia.voice_changer import VoiceChanger
from voicemill.cartesia.voices import Voices
from voicemill.config import ApiKey, load_settings
from voicemill.service import Service, open_service


class Cartesia:
    """An asynchronous client of the Cartesia API, or of the embedded engine when there is no API key.

        import asyncio
        import voicemill

        async def main() -> None:
            async with voicemill.Cartesia() as client:
                voices = [voice async for voice in client.voices.list(language="en")]
                reply = await client.tts.bytes(
                    model_id="sonic-2",
                    transcript="The rainbow is a division of white light.",
                    voice_id=voices[0].id,
                    output_format=voicemill.AudioFormat("wav", 44100, "pcm_s16le"),
                )
            reply.write_to_file("rainbow.wav")

        asyncio.run(main())

    Open the client in the event loop that uses it: with `async with`, or with `open()` and `close()` in a notebook.
    Calls may run concurrently. Each method sends one request and does not retry; for bulk work, which retries, limits
    concurrency and resumes, use `voicemill.run`.

    Args:
        api_key: The API key, or an access token from `auth.access_token()`. Default: the environment variable
            `CARTESIA_API_KEY`, then `CARTESIA_ACCESS_TOKEN`. With neither a key nor a base URL, requests go to the
            embedded engine in this process, offline and free of charge. The key is masked in `repr` and in errors.
        base_url: The address of the API, `https`, or `http` on this machine. Default: `CARTESIA_BASE_URL`, then
            `https://api.cartesia.ai`.
        api_version: The `Cartesia-Version` header.
        timeout_s: The deadline of one request in seconds, upload and response included; at most 3600. Methods
            accept another deadline as `deadline_s`.
        max_body_bytes: The largest response to accept, in bytes.

    Raises:
        ConfigError: The key, the base URL or an option is invalid.
        CallError: A method failed. `error.code`, `error.status`, `error.retryable` and `error.retry_after_s` say how;
            the subclasses are `Refused`, `AuthRefused`, `QuotaExhausted`, `Throttled`, `Transient`, `Incomplete` and
            `BadAnswer`.
    """

    def __init__(
        self,
        api_key: str | ApiKey | None = None,
        *,
        base_url: str | None = None,
        api_version: str = "2024-11-13",
        timeout_s: float = 120.0,
        max_body_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._key = ApiKey(api_key) if isinstance(api_key, str) else api_key
        del api_key  # A traceback may show local variables.
        self._settings = load_settings(
            service={"base_url": base_url, "api_version": api_version},
            pace={"attempt_deadline_s": timeout_s, "max_body_bytes": max_body_bytes},
        )
        self._exit = AsyncExitStack()
        self._service: Service | None = None

    @property
    def tts(self) -> TextToSpeech:
        """Text to speech: `bytes` for a whole recording, `sse` for a stream of audio and word timestamps."""
        return self._client.tts

    @property
    def stt(self) -> SpeechToText:
        """Speech to text: `transcribe`."""
        return self._client.stt

    @property
    def voice_changer(self) -> VoiceChanger:
        """Convert a recording to another voice: `bytes` and `sse`."""
        return self._client.voice_changer

    @property
    def infill(self) -> Infill:
        """Generate the speech between two recordings: `bytes`."""
        return self._client.infill

    @property
    def voices(self) -> Voices:
        """List, clone, localize, mix, create, update and delete voices."""
        return self._client.voices

    @property
    def auth(self) -> Auth:
        """Create short-lived access tokens: `access_token`."""
        return self._client.auth

    @property
    def api_status(self) -> ApiStatus:
        """Query the status and the version of the API: `get`."""
        return self._client.api_status

    async def open(self) -> Self:
        """Open the client and return it; with `async with` this is automatic. Raises `ConfigError`."""
        if self._service is None:
            self._service = await self._exit.enter_async_context(open_service(self._settings, self._key))
        return self

    async def close(self) -> None:
        """Close all connections and stop the embedded engine; closing twice has no effect."""
        self._service = None
        await self._exit.aclose()

    @property
    def _client(self) -> CartesiaClient:
        if self._service is None:
            raise RuntimeError("the client is closed; use it within `async with voicemill.Cartesia() as client:`")
        return self._service.cartesia

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        host = urlsplit(self._settings.service.base_url).hostname  # alone, because users put keys into addresses
        return f"Cartesia(api_key={'None' if self._key is None else '****'}, host={host!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Cartesia client cannot be pickled; create one in each process")
