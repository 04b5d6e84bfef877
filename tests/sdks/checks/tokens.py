"""Access tokens: what each permits and what it does not."""

import pytest

from tests.sdks.checks.errors import refused
from tests.sdks.checks.register import check
from tests.sdks.checks.seeing import same_words
from tests.sdks.evidence import Evidence


@check("auth.access_token")
def grants(evidence: Evidence) -> None:
    """A token for one call family permits only that family, and no voice methods."""
    for family in ("tts", "stt"):
        assert evidence.facts(f"auth.access_token/{family}")["token"].count(".") == 2
        for shut in ("other", "voices"):
            refused(evidence, f"auth.access_token/{family}/{shut}", 403)
    assert evidence.audio("auth.access_token/tts/granted").duration_s == pytest.approx(
        evidence.audio("tts.bytes/wav").duration_s
    )
    same_words(evidence.task["short"], evidence.facts("auth.access_token/stt/granted")["text"], 0.35)
