"""A key goes to https, or to this machine; no address that a setting names can send it in the clear."""

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
async def test_an_address_that_cannot_be_trusted(address: str) -> None:
    """It is refused before anything is sent, and what may be a secret in it is not said back."""
    with pytest.raises(ConfigError) as caught:
        async with open_service(Settings(service=Service(base_url=address)), ApiKey(KEY)):
            pass
    assert found_in(str(caught.value).encode()) == []
    assert "https" in str(caught.value)


@pytest.mark.parametrize("address", _TAKEN)
async def test_an_address_that_can(address: str) -> None:
    """A service over https, or on this machine, is opened; nothing is asked by that."""
    async with open_service(Settings(service=Service(base_url=address)), ApiKey(KEY)) as service:
        assert service.name == address.rstrip("/")
