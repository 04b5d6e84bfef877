"""The voices of a service."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the service. Fields that the API version lacks are None; `embedding` is set only if requested."""

    id: str
    name: str
    language: str
    description: str = ""
    is_public: bool | None = None
    is_owner: bool | None = None
    is_starred: bool | None = None
    user_id: str | None = None
    gender: str | None = None
    accent: str | None = None
    country: str | None = None
    created_at: datetime | None = None
    preview_file_url: str | None = None
    embedding: tuple[float, ...] | None = field(default=None, repr=False)
