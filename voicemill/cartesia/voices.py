"""Voices: list them, and create voices."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from voicemill.cartesia.request_body import Form, Upload
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Transport
from voicemill.cartesia.voice_models import Gender, VoiceFilter, VoiceModel, page_of
from voicemill.errors import Refused
from voicemill.model import Voice

MAX_PAGE_VOICES = 100
CloneMode = Literal["similarity", "stability"]
SpeakerGender = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class Share:
    """One voice of a mix, by id or by embedding, and its relative weight."""

    weight: float
    voice_id: str | None = None
    embedding: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if (self.voice_id is None) == (self.embedding is None):
            raise ValueError("give one of voice_id and embedding")


class _Mixed(ResponseModel):
    embedding: tuple[float, ...]


class Voices:
    """List, create, change and delete voices."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        limit: int = MAX_PAGE_VOICES,
        starting_after: str | None = None,
        is_owner: bool | None = None,
        q: str | None = None,
        language: str | None = None,
        gender: Gender | None = None,
        expand: Sequence[str] = (),
    ) -> AsyncIterator[Voice]:
        """All voices that match the filters, requested in pages of `limit` (1 to 100) voices.

        `q` is searched in name, description and id. `expand` requests further fields, such as `embedding`. The plain
        array of API version 2024-06-10 is filtered by the client. Raises `CallError`.

            english = [voice async for voice in client.voices.list(language="en")]
        """
        voice_filter = VoiceFilter(starting_after, is_owner, q, language, gender)
        query = [("limit", str(limit)), *voice_filter.query(), *(("expand[]", name) for name in expand)]
        seen: set[str] = set()
        after = starting_after
        while True:
            place = [("starting_after", after)] if after is not None else []
            page = page_of((await self._transport.send("GET", "voices/", query=[*query, *place])).json(), voice_filter)
            for voice in page.data:
                yield voice.voice()
            after = page.next_page or (page.data[-1].id if page.data else None)
            if not page.has_more or after is None or after in seen:
                return
            seen.add(after)

    async def get(self, voice_id: str, *, expand: Sequence[str] = ()) -> Voice:
        """One voice. Raises `Refused` (404) for an unknown id."""
        query = [("expand[]", name) for name in expand]
        return _voice((await self._transport.send("GET", _path(voice_id), query=query)).json())

    async def clone(
        self,
        clip: Upload,
        *,
        name: str,
        language: str,
        mode: CloneMode | None = "similarity",
        description: str | None = None,
        enhance: bool | None = None,
        base_voice_id: str | None = None,
        deadline_s: float | None = None,
    ) -> Voice:
        """A new voice that sounds like the clip: about 5 s of it for `similarity`, 10 to 20 s for `stability`.

        `mode` and `enhance` (clean the clip first) are for API versions before 2025-11-04; None leaves them out.
        """
        given = {"description": description, "mode": mode, "base_voice_id": base_voice_id}
        fields = [("name", name), ("language", language)]
        fields += [(field, value) for field, value in given.items() if value is not None]
        fields += [("enhance", str(enhance).lower())] if enhance is not None else []
        reply = await self._transport.send("POST", "voices/clone", Form(fields, {"clip": clip}), deadline_s=deadline_s)
        return _voice(reply.json())

    async def delete(self, voice_id: str) -> None:
        """Delete a user-created voice permanently. Raises `Refused` (404) for an unknown id."""
        await self._transport.send("DELETE", _path(voice_id))

    async def update(
        self, voice_id: str, *, name: str | None = None, description: str | None = None, gender: Gender | None = None
    ) -> Voice:
        """Change the name, description or gender of a user-created voice; None leaves a field as it is.

        API versions before 2025-11-04 require both name and description.
        """
        given = {"name": name, "description": description, "gender": gender}
        content = {field: value for field, value in given.items() if value is not None}
        return _voice((await self._transport.send("PATCH", _path(voice_id), content)).json())

    async def localize(
        self,
        *,
        voice_id: str,
        name: str,
        description: str,
        language: str,
        original_speaker_gender: SpeakerGender,
        dialect: str | None = None,
    ) -> Voice:
        """Create a voice: the speaker of `voice_id` in another language, such as `es`, and dialect, such as `mx`."""
        content = {
            "voice_id": voice_id,
            "name": name,
            "description": description,
            "language": language,
            "original_speaker_gender": original_speaker_gender,
        }
        if dialect is not None:
            content["dialect"] = dialect
        return _voice((await self._transport.send("POST", "voices/localize", content)).json())

    async def mix(self, shares: Sequence[Share]) -> tuple[float, ...]:
        """Mix voices. Returns the embedding, 192 numbers, for `create` or `tts`."""
        content = {"voices": [_share(share) for share in shares]}
        return checked(_Mixed, (await self._transport.send("POST", "voices/mix", content)).json()).embedding

    async def create(
        self,
        *,
        name: str,
        description: str,
        embedding: Sequence[float] = (),
        language: str | None = None,
        base_voice_id: str | None = None,
    ) -> Voice:
        """Create a voice from an embedding of 192 numbers, or from the voice `base_voice_id`."""
        content: dict[str, object] = {"name": name, "description": description, "embedding": [*embedding]}
        content |= {"language": language} if language is not None else {}
        content |= {"base_voice_id": base_voice_id} if base_voice_id is not None else {}
        return _voice((await self._transport.send("POST", "voices/", content)).json())


def _voice(content: object) -> Voice:
    return checked(VoiceModel, content).voice()


def _share(share: Share) -> dict[str, object]:
    which = {"id": share.voice_id} if share.embedding is None else {"embedding": [*share.embedding]}
    return {**which, "weight": share.weight}


def _path(voice_id: str) -> str:
    if voice_id in ("", ".", ".."):  # these would be other paths of the API
        raise Refused(f"{voice_id!r} is not a voice id; voices.list returns all ids", code="voice_not_found")
    return f"voices/{quote(voice_id, safe='')}"
