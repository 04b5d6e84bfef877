"""The API key is sent only over HTTPS or to this machine, whatever base URL is configured."""

import pytest

from tests.security.canary import KEY, found_in
from voicemill.config import ApiKey, Service, Settings
from voicemill.errors import ConfigError
from voicemill.service import open_service

_REFUSED = [
    "http://api.cartesia.ai",
    "http://example.org:8000",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1@evil.example",
    "http://127.1",
    "http://0x7f000001",
    "http://2130706433",
    "http://0.0.0.0",
    "http://[::ffff:127.0.0.1]",
    "ftp://api.cartesia.ai",
    "file:///etc/passwd",
    "//api.cartesia.ai",
    "api.cartesia.ai",
    "https://",
    f"https://user:{KEY}@api.cartesia.ai",
    f"https://api.cartesia.ai?api_key={KEY}",
    f"https://api.cartesia.ai/#{KEY}",
]
_TAKEN = ["https://api.cartesia.ai", "https://proxy.example/cartesia/", "http://127.0.0.1:8000", "http://[::1]:8000"]


@pytest.mark.parametrize("address", _REFUSED)
async def test_insecure_base_url_is_refused(address: str) -> None:
    """An insecure base URL is refused before any request, and the error does not repeat secrets in it."""
    with pytest.raises(ConfigError) as caught:
        async with open_service(Settings(service=Service(base_url=address)), ApiKey(KEY)):
            pass
    assert found_in(str(caught.value).encode()) == []
    assert "https" in str(caught.value)


@pytest.mark.parametrize("address", _TAKEN)
async def test_secure_base_url_is_accepted(address: str) -> None:
    """A service over HTTPS or on this machine is accepted, and no request is sent to it."""
    async with open_service(Settings(service=Service(base_url=address)), ApiKey(KEY)) as service:
        assert service.name == address.rstrip("/")
