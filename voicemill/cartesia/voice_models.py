"""Voices and lists of voices, in the shape of any API version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.model import Voice

T = TypeVar("T")
Gender = Literal["masculine", "feminine", "gender_neutral"]


def _or_none(value: object, validate: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 - pydantic's own
    try:
        return validate(value)
    except ValidationError:
        return None


Lenient = Annotated[T | None, WrapValidator(_or_none)]
"""An optional field: None if its value is invalid, so that the voice can still be used."""


class VoiceModel(ResponseModel):
    """A voice with the fields of any API version."""

    id: str
    name: str
    language: str = ""
    description: str = ""
    is_public: Lenient[bool] = None
    is_owner: Lenient[bool] = None
    is_starred: Lenient[bool] = None
    user_id: Lenient[str] = None
    gender: Lenient[str] = None
    accent: Lenient[str] = None
    country: Lenient[str] = None
    created_at: Lenient[datetime] = None
    preview_file_url: Lenient[str] = None
    embedding: Lenient[tuple[float, ...]] = None

    def voice(self) -> Voice:
        """The voice."""
        return Voice(**dict(self))


class VoicePage(ResponseModel):
    """A page of voices, and whether and where there are more."""

    data: list[VoiceModel]
    has_more: bool = False
    next_page: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceFilter:
    """The filters of a list of voices."""

    starting_after: str | None
    is_owner: bool | None
    q: str | None
    language: str | None
    gender: Gender | None

    def query(self) -> list[tuple[str, str]]:
        """The query parameters of the filters, without the position in the list."""
        is_owner = None if self.is_owner is None else str(self.is_owner).lower()
        given = {"is_owner": is_owner, "q": self.q, "language": self.language, "gender": self.gender}
        return [(name, value) for name, value in given.items() if value is not None]

    def of(self, voices: list[VoiceModel]) -> list[VoiceModel]:
        """The voices that match, for a service that does not filter."""
        ids = [voice.id for voice in voices]
        start = ids.index(self.starting_after) + 1 if self.starting_after in ids else 0
        return [voice for voice in voices[start:] if self._matches(voice)]

    def _matches(self, voice: VoiceModel) -> bool:
        is_owned = voice.is_owner if voice.is_owner is not None else voice.is_public is False
        text = f"{voice.name} {voice.description} {voice.id}".casefold()
        return (
            self.is_owner in (None, is_owned)
            and self.language in (None, voice.language)
            and self.gender in (None, voice.gender)
            and (self.q or "").casefold() in text
        )


def page_of(content: object, voice_filter: VoiceFilter) -> VoicePage:
    """A page of a list. The plain array of API version 2024-06-10 is one page, which is filtered here.

    Raises `BadAnswer`.
    """
    if not isinstance(content, list):
        return checked(VoicePage, content)
    whole = checked(VoicePage, {"data": content})
    return whole.model_copy(update={"data": voice_filter.of(whole.data)})
