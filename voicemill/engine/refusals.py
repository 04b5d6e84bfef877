"""What the engine says when it will not or cannot answer."""

from typing import Any


class Refusal(Exception):
    """One error answer: an HTTP status, a short title, a message that says what to do, maybe a code."""

    def __init__(self, status: int, title: str, message: str, code: str | None = None) -> None:
        super().__init__(f"{title}: {message}")
        self.status = status
        self.title = title
        self.message = message
        self.code = code

    def fields(self) -> dict[str, Any]:
        """What makes it, for a pipe."""
        return {"status": self.status, "title": self.title, "message": self.message, "code": self.code}


def bad_request(message: str, code: str | None = None) -> Refusal:
    """A 400: the question itself is wrong."""
    return Refusal(400, "Bad request", message, code)


def not_found(message: str, code: str | None = None) -> Refusal:
    """A 404: what the path names does not exist."""
    return Refusal(404, "Not found", message, code)
