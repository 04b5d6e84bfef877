"""What has failed since the service last answered, and whether that is more than the bad luck of single calls."""

from dataclasses import dataclass, field

from voicemill.errors import BadAnswer, CallError, NoAudio

_FEWEST_CALLS = 5
_FEWEST_FAILURES = 20


def is_of_the_service(error: CallError) -> bool:
    """Whether every other call could have failed so too; audio that is wrong has to do with its own question."""
    return isinstance(error, NoAudio) or not isinstance(error, BadAnswer)


@dataclass
class Silence:
    """Failures in a row, with no answer between them. A call is known by any object of its own."""

    failures: int = 0
    calls: set[object] = field(default_factory=set)

    @property
    def is_common(self) -> bool:
        """Whether so many different calls failed that it is the service's failure, not theirs."""
        return len(self.calls) >= _FEWEST_CALLS

    def is_long(self, slots: int) -> bool:
        """Whether so many failed in a row, with so many at once, that no more should be sent."""
        return self.is_common and self.failures >= max(_FEWEST_FAILURES, 3 * slots)

    def went_on(self, call: object) -> None:
        """An attempt of `call` failed."""
        self.failures += 1
        self.calls.add(call)

    def ended(self) -> None:
        """The service answered."""
        if self.failures:
            self.failures = 0
            self.calls.clear()
