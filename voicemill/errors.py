"""Every error that voicemill raises on purpose.

VoicemillError                 exit code
├── ConfigError                2   a setting or a flag is wrong
├── ManifestError              2   the manifest has problems: all of them, with row and column
├── ResultsLockedError         8   another run works in this results folder
├── StorageError               5   the disk cannot take what must be kept
├── TooManyErrors              1   more rows failed than the user allows for
├── BudgetReached              6   what the run may spend is spent
├── SameRefusals               3   one and the same refusal again and again, and nothing else
├── ServiceDown                9   the service does not answer, and did not come back in time
└── CallError                      one API call did not give an answer
    ├── Throttled                  429: too many at once; try again, later
    ├── Transient                  5xx, connection or deadline: try again
    ├── Incomplete                 the body was cut: try again
    ├── BadAnswer                  a 200 whose body is not the audio that was asked for
    │   └── NoAudio                    it is no audio at all: a page, an error, nothing
    ├── Refused                3   4xx: the same question will be refused again
    └── FatalCallError         4   no further call can succeed
        ├── AuthRefused            401, or a certificate that does not hold
        └── QuotaExhausted         402

A call error answers the questions its caller has: `code`, `retryable`, `retry_after_s`, `billed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

Billed = Literal["no", "unknown"]


class ExitCode(IntEnum):
    """What the process tells its caller when it ends."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    SOME_REFUSED = 3
    FATAL_API = 4
    FATAL_STORAGE = 5
    BUDGET = 6
    INTERRUPTED = 7
    LOCKED = 8
    SERVICE_DOWN = 9


class VoicemillError(Exception):
    """The root; its text is written for the user and says what to do next."""

    exit_code: ClassVar[ExitCode] = ExitCode.SOME_FAILED


class ConfigError(VoicemillError):
    """A setting, a profile or a flag cannot be used."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a manifest: `row` counts data rows from 1, 0 means the file itself."""

    row: int
    column: str
    why: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "file"
        return f"{place}, column {self.column}: {self.why}" if self.column else f"{place}: {self.why}"


class ManifestError(VoicemillError):
    """The manifest cannot be run; `problems` holds what was found (`count` when more were found than kept)."""

    exit_code = ExitCode.USAGE

    def __init__(self, manifest: str, problems: Sequence[Problem], count: int | None = None) -> None:
        self.manifest = manifest
        self.problems = tuple(problems)
        self.count = len(self.problems) if count is None else count
        shown = "\n".join(f"  {problem}" for problem in self.problems[:100])
        super().__init__(f"{manifest}: {self.count} problem{'s' * (self.count != 1)}\n{shown}")


class ResultsLockedError(VoicemillError):
    """Another run holds the results folder."""

    exit_code = ExitCode.LOCKED


class TooManyErrors(VoicemillError):
    """More rows failed or were refused than the user allows for."""


class StorageError(VoicemillError):
    """Something that must be kept could not be written or read back."""

    exit_code = ExitCode.FATAL_STORAGE


class BudgetReached(VoicemillError):
    """The next call does not fit into the budget."""

    exit_code = ExitCode.BUDGET


class SameRefusals(VoicemillError):
    """Calls were refused for one and the same reason, many in a row, and none was answered in between."""

    exit_code = ExitCode.SOME_REFUSED


class ServiceDown(VoicemillError):
    """The service has not answered for as long as a run waits."""

    exit_code = ExitCode.SERVICE_DOWN


class CallError(VoicemillError):
    """One attempt at an API call failed.

    `status` is the HTTP status, None when there was no answer. `billed` is "unknown" where the service may have
    done the work before the failure. `took_s` is how long the attempt took, and `counts` says whether it is one of the
    attempts that a call has; one made while the service is down is none.
    """

    retryable: ClassVar[bool] = False
    code: str = "call_failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        billed: Billed = "no",
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.billed: Billed = billed
        self.attempts = 1
        self.took_s = 0.0
        self.counts = True


class Throttled(CallError):
    """The service has too much to do from us (429)."""

    retryable = True
    code = "throttled"


class Transient(CallError):
    """The service or the way to it failed in a manner that may pass."""

    retryable = True
    code = "transient"


class Incomplete(CallError):
    """The answer stopped before its end."""

    retryable = True
    code = "incomplete"


class BadAnswer(CallError):
    """The answer is not the audio that was asked for."""

    retryable = True
    code = "bad_answer"


class NoAudio(BadAnswer):
    """The answer is no audio at all; it may be from somebody between us and the service."""


class Refused(CallError):
    """The service will not do this, however often it is asked."""

    exit_code = ExitCode.SOME_REFUSED
    code = "refused"


class FatalCallError(CallError):
    """No call of this run can succeed any more."""

    exit_code = ExitCode.FATAL_API


class AuthRefused(FatalCallError):
    """The key is missing, wrong or revoked."""

    code = "auth"


class QuotaExhausted(FatalCallError):
    """The account has no credits left."""

    code = "quota"
