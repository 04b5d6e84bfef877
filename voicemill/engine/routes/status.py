"""`GET /`."""

from fastapi import APIRouter

from voicemill.engine.version import API_VERSION

router = APIRouter()


@router.get("/")
async def status() -> dict[str, bool | str]:
    """The state of the engine and the newest supported API version."""
    return {"ok": True, "version": API_VERSION}
