"""`GET /`."""

from fastapi import APIRouter

from voicemill.engine.version import API_VERSION

router = APIRouter()


@router.get("/")
async def status() -> dict[str, bool | str]:
    """That the engine is up, and the newest API version it knows."""
    return {"ok": True, "version": API_VERSION}
