"""Error responses of the engine."""

from typing import Any


class Refusal(Exception):
    """An error response: HTTP status, short title, a message that says what to do, and sometimes an error code."""

    def __init__(self, status: int, title: str, message: str, code: str | None = None) -> None:
        super().__init__(f"{title}: {message}")
        self.status = status
        self.title = title
        self.message = message
        self.code = code

    def fields(self) -> dict[str, Any]:
        """The arguments that recreate it, as JSON values."""
        return {"status": self.status, "title": self.title, "message": self.message, "code": self.code}


def bad_request(message: str, code: str | None = None) -> Refusal:
    """A 400: the request is invalid."""
    return Refusal(400, "Bad request", message, code)


def not_found(message: str, code: str | None = None) -> Refusal:
    """A 404: the resource in the path does not exist."""
    return Refusal(404, "Not found", message, code)
