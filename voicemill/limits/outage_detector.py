"""The outage detector: distinguishes an outage of the service from failures of single calls."""

from dataclasses import dataclass, field
from weakref import WeakSet

from voicemill.errors import BadAnswer, CallError, NoAudio

_MIN_CALLS = 5
_MIN_FAILURES = 20


def may_be_an_outage(error: CallError) -> bool:
    """Whether any other call could have failed in this way; invalid audio depends on the request."""
    return isinstance(error, NoAudio) or not isinstance(error, BadAnswer)


@dataclass
class OutageDetector:
    """Counts consecutive failures. A call is identified by any weakly referenceable object.

    A call that failed while others succeeded may itself be the cause (`suspects`); its failures are not evidence of an
    outage.
    """

    failures: int = 0
    failed_calls: set[object] = field(default_factory=set)
    suspects: WeakSet[object] = field(default_factory=WeakSet)
    """Weak references: of a million rows many may fail, and a call that was given up is never sent again."""

    @property
    def is_widespread(self) -> bool:
        """Whether enough different calls failed to blame the service."""
        return len(self.failed_calls) >= _MIN_CALLS

    def is_outage(self, slots: int) -> bool:
        """Whether the number of consecutive failures is an outage, for this number of slots."""
        return self.is_widespread and self.failures >= max(_MIN_FAILURES, 3 * slots)

    def record_failure(self, call: object) -> None:
        """An attempt of `call` failed."""
        self.failures += 1
        if call not in self.suspects:
            self.failed_calls.add(call)

    def record_answer(self, call: object) -> None:
        """The service answered `call`. Calls that failed just before are suspects, unless failures were widespread."""
        if self.failures:
            if not self.is_widespread:
                self.suspects.update(self.failed_calls)
            self.failures = 0
            self.failed_calls.clear()
        self.suspects.discard(call)

    def clear_suspects(self) -> None:
        """An outage is over: earlier failures may have been its beginning."""
        self.suspects.clear()
