"""What has failed since the service last answered, and whether that is more than the bad luck of single calls."""

from dataclasses import dataclass, field
from weakref import WeakSet

from voicemill.errors import BadAnswer, CallError, NoAudio

_FEWEST_WITNESSES = 5
_FEWEST_FAILURES = 20


def is_of_the_service(error: CallError) -> bool:
    """Whether every other call could have failed so too; audio that is wrong has to do with its own question."""
    return isinstance(error, NoAudio) or not isinstance(error, BadAnswer)


@dataclass
class OutageDetector:
    """Failures in a row, with no answer between them. A call is known by any object of its own that can be weakly held.

    One that failed before, while others were answered, may be bad itself: it is no witness of what ails the service.
    """

    failures: int = 0
    witnesses: set[object] = field(default_factory=set)
    suspects: WeakSet[object] = field(default_factory=WeakSet)
    """Weakly, for of a million rows many may fail, and none is asked again once it is given up."""

    @property
    def is_common(self) -> bool:
        """Whether so many different calls failed that it is the service's failure, not theirs."""
        return len(self.witnesses) >= _FEWEST_WITNESSES

    def is_long(self, slots: int) -> bool:
        """Whether so many failed in a row, with so many at once, that no more should be sent."""
        return self.is_common and self.failures >= max(_FEWEST_FAILURES, 3 * slots)

    def went_on(self, call: object) -> None:
        """An attempt of `call` failed."""
        self.failures += 1
        if call not in self.suspects:
            self.witnesses.add(call)

    def ended(self, call: object) -> None:
        """The service answered `call`. What failed just before is suspect, but not where so much did: it was ailing."""
        if self.failures:
            if not self.is_common:
                self.suspects.update(self.witnesses)
            self.failures = 0
            self.witnesses.clear()
        self.suspects.discard(call)

    def acquit(self) -> None:
        """An outage is over: what failed before may have been its beginning."""
        self.suspects.clear()
