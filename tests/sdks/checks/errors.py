"""Refusals as each client's own errors, and what its retries make of them."""

from tests.sdks.checks.register import ERRORS, check
from tests.sdks.checks.seeing import same_words
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS

_FIRST_MESSAGES_ARE_UNREAD = ("cartesia-js-2",)
"""Clients that give the body of a refused audio request as a stream that nobody has read."""


def refused(evidence: Evidence, step: str, status: int, message: str = "") -> None:
    """The step ended in the client's own error for that status, with the engine's words where the client shows them."""
    error, classes = evidence.error(step), KITS[evidence.client].errors
    assert error["status"] == status, error
    assert classes.get(status, classes.get(0)) in error["kinds"], error
    assert message in error["text"], error


@check(ERRORS)
def unknown_key(evidence: Evidence) -> None:
    """A key that the engine does not know is a 401 on JSON, audio and upload alike."""
    refused(evidence, "errors/key", 401, "This API key is not known here")
    refused(evidence, "errors/key/audio", 401)
    refused(evidence, "errors/key/upload", 401, "This API key is not known here")


@check(ERRORS)
def unknown_voice(evidence: Evidence) -> None:
    """A voice that is not there: 400 in a body, in a stream before it began, 404 in a path, however it is written."""
    message = "" if evidence.client in _FIRST_MESSAGES_ARE_UNREAD else "GET /voices lists them"
    refused(evidence, "errors/voice", 400, message)
    refused(evidence, "errors/voice/stream", 400, message)
    refused(evidence, "errors/voice/path", 404, "GET /voices lists them")
    refused(evidence, "errors/voice/odd", 404)


@check(ERRORS)
def no_audio(evidence: Evidence) -> None:
    """A file that is no audio is a 400 that says so."""
    refused(evidence, "errors/file", 400, "the file is no audio")


@check(ERRORS)
def throttled(evidence: Evidence) -> None:
    """A 429 without retries is the client's own error, for uploads too."""
    refused(evidence, "errors/throttled", 429)
    refused(evidence, "errors/throttled/upload", 429)


@check(ERRORS)
def retried(evidence: Evidence) -> None:
    """A client that asks again after a 429 gets its answer."""
    assert evidence.facts("retries")["id"] == evidence.task["voice"]


@check(ERRORS)
def retried_upload(evidence: Evidence) -> None:
    """An upload sent again is answered, or its client's own fault is an error and nothing else.

    cartesia-js 2.2.9 cannot send a stream twice; cartesia 2.0.17 leaves out the form's fields the second time.
    """
    if evidence.client == "cartesia-js-2":
        assert "disturbed or locked" in evidence.error("retries/upload")["text"]
    elif evidence.client == "cartesia-2":
        refused(evidence, "retries/upload", 400, "model is None")
    else:
        same_words(evidence.task["sentence"], evidence.facts("retries/upload")["text"], 0.35)


@check(ERRORS)
def fails_midway(evidence: Evidence) -> None:
    """A worker that dies in the middle of a stream is an event that says so, after audio that was good."""
    if evidence.client == "voicemill":  # whose typed events hold no errors: they are raised
        refused(evidence, "errors/midway", 500, "ended unexpectedly")
        return
    *before, last = evidence.facts("errors/midway")["events"]
    assert {event["type"] for event in before} == {"chunk"}
    assert (last["type"], last["status_code"], last["done"]) == ("error", 500, True)
    assert "ended unexpectedly" in (last.get("message") or last["error"])
