"""Refusals as HTTP responses, in the format of the requested API version."""

from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from voicemill.engine.refusals import Refusal

JSON_ERRORS_SINCE = "2026-03-01"


def error_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """The JSON error object of API versions from 2026-03-01 on."""
    return {
        "error_code": refusal.code,
        "title": refusal.title,
        "message": refusal.message,
        "request_id": request_id,
    }


def error_response(refusal: Refusal, api_version: str, request_id: str) -> Response:
    """Plain text `Title: Message` before 2026-03-01, JSON from then on."""
    if api_version >= JSON_ERRORS_SINCE:
        return JSONResponse(error_body(refusal, request_id), status_code=refusal.status)
    return PlainTextResponse(f"{refusal.title}: {refusal.message}", status_code=refusal.status)
