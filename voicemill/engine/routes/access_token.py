"""`POST /access-token`."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from voicemill.engine.access_tokens import LONGEST_S
from voicemill.engine.routes.documentation import documented
from voicemill.engine.routes.requests import KeyedEngine, json_body

router = APIRouter()

USUAL_S = 600


class Grants(BaseModel):
    """The request families that the token covers."""

    tts: bool = False
    stt: bool = False


class TokenRequest(BaseModel):
    """The body: grants, and the lifetime in seconds."""

    grants: Grants = Field(default_factory=Grants)
    expires_in: Annotated[int, Field(ge=1, le=LONGEST_S)] | None = None


@router.post("/access-token", openapi_extra=documented(TokenRequest))
async def access_token(request: Request, engine: KeyedEngine) -> dict[str, str]:
    """Create a token for a client that must not have the API key."""
    body = await json_body(request, TokenRequest, engine.settings.max_json_bytes)
    grants = [family for family, granted in body.grants.model_dump().items() if granted]
    return {"token": engine.tokens.token(grants, body.expires_in or USUAL_S)}
