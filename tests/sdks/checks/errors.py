"""Error responses as each client's errors, and its retries."""

from tests.sdks.checks.register import ERRORS, check
from tests.sdks.checks.seeing import same_words
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS

_FIRST_MESSAGES_ARE_UNREAD = ("cartesia-js-2",)
"""Clients that return the body of a refused audio request as an unread stream."""


def refused(evidence: Evidence, step: str, status: int, message: str = "") -> None:
    """The step raised the client's error for the status, with the engine's message if the client shows it."""
    error, classes = evidence.error(step), KITS[evidence.client].errors
    assert error["status"] == status, error
    assert classes.get(status, classes.get(0)) in error["kinds"], error
    assert message in error["text"], error


@check(ERRORS)
def unknown_key(evidence: Evidence) -> None:
    """An unknown key gives 401 for JSON, audio and uploads."""
    refused(evidence, "errors/key", 401, "The API key is invalid")
    refused(evidence, "errors/key/audio", 401)
    refused(evidence, "errors/key/upload", 401, "The API key is invalid")


@check(ERRORS)
def unknown_voice(evidence: Evidence) -> None:
    """An unknown voice gives 400 in a body or a stream request and 404 in a path, in any spelling."""
    message = "" if evidence.client in _FIRST_MESSAGES_ARE_UNREAD else "GET /voices lists them"
    refused(evidence, "errors/voice", 400, message)
    refused(evidence, "errors/voice/stream", 400, message)
    refused(evidence, "errors/voice/path", 404, "GET /voices lists them")
    refused(evidence, "errors/voice/odd", 404)


@check(ERRORS)
def no_audio(evidence: Evidence) -> None:
    """A file without audio gives 400 with that reason."""
    refused(evidence, "errors/file", 400, "the file is not audio")


@check(ERRORS)
def throttled(evidence: Evidence) -> None:
    """Without retries a 429 raises the client's error, also for uploads."""
    refused(evidence, "errors/throttled", 429)
    refused(evidence, "errors/throttled/upload", 429)


@check(ERRORS)
def retried(evidence: Evidence) -> None:
    """A client that retries after a 429 gets its response."""
    assert evidence.facts("retries")["id"] == evidence.task["voice"]


@check(ERRORS)
def retried_upload(evidence: Evidence) -> None:
    """A retried upload succeeds, or fails only because of the client's known bug.

    cartesia-js 2.2.9 cannot send a stream twice; cartesia 2.0.17 leaves out the form's fields the second time.
    """
    if evidence.client == "cartesia-js-2":
        assert "disturbed or locked" in evidence.error("retries/upload")["text"]
    elif evidence.client == "cartesia-2":
        refused(evidence, "retries/upload", 400, "model is None")
    else:
        same_words(evidence.task["short"], evidence.facts("retries/upload")["text"], 0.35)


@check(ERRORS)
def fails_midway(evidence: Evidence) -> None:
    """If a worker dies during a stream, valid audio is followed by an error event."""
    if evidence.client == "voicemill":  # its typed events contain no errors: they are raised
        refused(evidence, "errors/midway", 500, "ended unexpectedly")
        return
    *before, last = evidence.facts("errors/midway")["events"]
    assert {event["type"] for event in before} == {"chunk"}
    assert (last["type"], last["status_code"], last["done"]) == ("error", 500, True)
    assert "ended unexpectedly" in (last.get("message") or last["error"])
