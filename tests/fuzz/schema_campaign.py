"""The request campaign: schemathesis generates requests from the engine's OpenAPI document, half of them near valid."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.core.result import Ok
from starlette.applications import Starlette

from tests.engine.requests import SARAH, speech_body

PROMISES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
_FORM = {
    "output_format[container]": "wav",
    "output_format[sample_rate]": "8000",
    "output_format[encoding]": "pcm_s16le",
}
_RAW = {"container": "raw", "sample_rate": 8000, "encoding": "pcm_mulaw"}
NEARLY_RIGHT: dict[str, dict[str, Any]] = {
    "POST /access-token": {"grants": {"tts": True}, "expires_in": 60},
    "POST /tts/bytes": speech_body("To be."),
    "POST /tts/sse": speech_body("To be.", output_format=_RAW),
    "POST /stt": {"model": "ink-whisper", "language": "en"},
    "POST /voice-changer/bytes": _FORM | {"voice[id]": SARAH},
    "POST /voice-changer/sse": _FORM | {"voice[id]": SARAH},
    "POST /infill/bytes": _FORM | {"voice_id": SARAH, "model_id": "sonic-2", "transcript": "Or.", "language": "en"},
    "POST /voices": {"name": "n", "embedding": [0.0] * 192, "language": "en"},
    "POST /voices/clone": {"name": "n", "language": "en", "mode": "stability"},
    "POST /voices/localize": {"name": "n", "voice_id": SARAH, "language": "es"},
    "POST /voices/mix": {"voices": [{"id": SARAH, "weight": 1.0}]},
}
VERSIONS = ("2024-06-10", "2024-11-13", "2026-08-14")


@dataclass
class Figures:
    """The outcome of a campaign."""

    answers: Counter[int] = field(default_factory=Counter)

    def published(self) -> dict[str, Any]:
        """The figures as they are committed."""
        return {
            "cases": self.answers.total(),
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
        }


def run_campaign(app: Starlette, examples: int, first_seed: int) -> Figures:
    """Send `examples` requests to every operation. Raises schemathesis' errors if a response violates the document."""
    figures = Figures()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok), operation
        _fuzz(operation.ok(), figures, examples, first_seed)
    return figures


def _fuzz(operation: Any, figures: Figures, examples: int, first_seed: int) -> None:
    right = NEARLY_RIGHT.get(operation.label, {})

    @seed(first_seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(),
        kept=st.sets(st.sampled_from(sorted(right) or ["none"])),
        version=st.sampled_from(VERSIONS),
    )
    def send(case: Any, kept: set[str], version: str) -> None:
        if kept and isinstance(case.body, dict):
            case.body = case.body | {name: value for name, value in right.items() if name in kept}
        response = case.call(headers={"X-API-Key": "k", "Cartesia-Version": version})
        figures.answers[response.status_code] += 1
        case.validate_response(response, checks=_checks())

    send()


def _checks() -> list[Any]:
    return [check for check in REGISTRY.get_all() if check.__name__ in PROMISES]
