"""Transcriptions: responses of the service and stored answers."""

import json
from typing import Any

import pytest

from tests.cartesia.sending import cartesia
from tests.hostile_server import HostileServer, Reply
from voicemill.cartesia.stt import Transcription, read_transcription
from voicemill.errors import BadAnswer
from voicemill.model import Word

WORDS = [{"word": "hello", "start": 0.0, "end": 0.4}, {"word": "you", "start": 0.5, "end": 0.9}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": ""}, Transcription("", None, None, ())),
        ({"text": "x", "words": None, "language": None}, Transcription("x", None, None, ())),
        (
            {"type": "transcript", "text": "hello you", "language": "en", "duration": 1, "words": WORDS},
            Transcription("hello you", "en", 1.0, (Word("hello", 0.0, 0.4), Word("you", 0.5, 0.9))),
        ),
    ],
)  # fmt: skip
async def test_documented_transcriptions_are_read(content: dict[str, Any], expected: Transcription) -> None:
    """Only the text is required; a stored body gives the same result as the response."""
    body = json.dumps(content).encode()
    with HostileServer([Reply(200, [("X-Request-Id", "r1")], body)]) as server:
        async with cartesia(server.url) as service:
            transcription = await service.stt.transcribe(b"clip")
    assert transcription == expected == read_transcription(body)
    assert transcription.reply is not None
    assert (transcription.reply.body, transcription.reply.request_id) == (body, "r1")
    assert "x" * 9 not in repr(transcription)


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"[]", b"null", b"{}", b'{"text": 7}', b'{"text": "x", "words": {}}',
     b'{"text": "x", "duration": NaN}', b'{"text": "x", "words": [{"word": "x"}]}',
     b'{"text": "x", "words": [{"word": "x", "start": "a", "end": 1}]}'],
    ids=repr,
)  # fmt: skip
def test_invalid_transcription_is_a_bad_answer(body: bytes) -> None:
    """An invalid transcription raises an error that does not contain the response."""
    with pytest.raises(BadAnswer) as caught:
        read_transcription(body)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
