"""A client of an OpenAI-compatible speech server, for the speech backend and the recognizer named `openai`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from voicemill.engine.environment import text_from_environment
from voicemill.engine.refusals import Refusal, bad_request
from voicemill.errors import ConfigError

BASE_URL_VARIABLE: Final = "VOICEMILL_OPENAI_BASE_URL"
KEY_VARIABLE: Final = "VOICEMILL_OPENAI_API_KEY"

_TIMEOUT_S: Final = 110.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_DETAIL_CHARACTERS: Final = 300
_WRONG_REQUEST: Final = frozenset({400, 404, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class OpenAIServer:
    """The server's address, which ends in `/v1` for most servers, and its key."""

    base_url: str
    key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> "OpenAIServer":
        """The server that `VOICEMILL_OPENAI_BASE_URL` and `VOICEMILL_OPENAI_API_KEY` name. Raises `ConfigError`."""
        server = cls(text_from_environment(BASE_URL_VARIABLE).rstrip("/"), text_from_environment(KEY_VARIABLE))
        server.check()
        return server

    def check(self) -> None:
        """Raises `ConfigError` when the address is missing, is no HTTP address, or would expose the key."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ConfigError(f"{BASE_URL_VARIABLE} must be an address such as http://127.0.0.1:8000/v1")
        if self.key and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ConfigError(f"{BASE_URL_VARIABLE} would send the API key over plain HTTP; use https")

    def identity(self, *settings: str) -> str:
        """Twelve hex digits that stand for the address and `settings`."""
        return hashlib.sha256("\0".join([self.base_url, *settings]).encode()).hexdigest()[:12]

    def speech(self, *, model: str, voice: str, text: str, speed: float) -> bytes:
        """A WAV file with `text` spoken. Raises `Refusal`."""
        body = {"model": model, "voice": voice, "input": text, "speed": speed, "response_format": "wav"}
        return self._posted("/audio/speech", json=body).content

    def transcription(self, recording: bytes, *, model: str, language: str | None) -> dict[str, Any]:
        """The server's `verbose_json` for a WAV file. Raises `Refusal`."""
        form = {"model": model, "response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]}
        if language:
            form["language"] = language
        response = self._posted("/audio/transcriptions", data=form, files={"file": ("recording.wav", recording)})
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            raise _bad_gateway("its answer is not JSON") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise _bad_gateway("its answer has no text")
        return answer

    def _posted(self, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 - passed on to httpx
        headers: Mapping[str, str] = {"authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            response = httpx.post(self.base_url + path, headers=headers, timeout=_TIMEOUT_S, **content)
        except httpx.TimeoutException:
            raise Refusal(504, "Gateway timeout", "The OpenAI-compatible server did not answer in time.") from None
        except httpx.HTTPError as error:
            raise _bad_gateway(type(error).__name__) from None
        if response.status_code != 200:
            raise _refusal(response)
        return response


def _refusal(response: httpx.Response) -> Refusal:
    """The server's error with its status where the caller can act on it, else as a 502."""
    message = f"The OpenAI-compatible server answered {response.status_code}: {_detail(response)}"
    if response.status_code in _WRONG_REQUEST:
        return bad_request(message)
    if response.status_code == 429:
        return Refusal(429, "Too many requests", message)
    return Refusal(502, "Bad gateway", message)


def _detail(response: httpx.Response) -> str:
    try:
        error = response.json()["error"]
        text = error["message"] if isinstance(error, dict) else str(error)
    except (ValueError, KeyError, TypeError):
        text = response.text
    return " ".join(text.split())[:_MOST_DETAIL_CHARACTERS]


def _bad_gateway(reason: str) -> Refusal:
    return Refusal(502, "Bad gateway", f"The OpenAI-compatible server failed: {reason}.")
