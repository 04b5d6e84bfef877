"""From findings to a verdict."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.model import Finding, State, Verdict
from voicemill.quality.signals import signal_findings

_WEIGHTS: Final = {"silent": 1.0, "stuck": 0.6, "long_silence": 0.4, "truncated": 0.4, "too_fast": 0.6, "too_slow": 0.6}
_OTHER_WEIGHT: Final = 0.3


def signals_verdict(samples: NDArray[np.float32], rate_hz: int, text: str) -> Verdict:
    """The verdict of the signals alone on `samples`, mono in -1..1, which should say `text`."""
    return verdict_of(signal_findings(samples, rate_hz, text))


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """The verdict that these findings lead to: bad if there is one."""
    penalty = sum(_WEIGHTS.get(finding.reason, _OTHER_WEIGHT) for finding in findings)
    state = State.BAD if findings else State.OK
    return Verdict(state, tuple(findings), round(max(0.0, 1.0 - penalty), 4))
