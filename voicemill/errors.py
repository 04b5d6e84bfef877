"""Every error that voicemill raises on purpose.

VoicemillError           exit code   meaning
├── ConfigError              2       a setting or an option is invalid
├── ManifestError            2       the manifest has problems: all of them, with row and column
├── BookError                2       a book cannot be imported
├── ResultsLockedError       8       another run uses this results folder
├── StorageError             5       a file could not be written or read back
├── TooManyErrors            1       more rows failed than --fail-on-error allows
├── BudgetReached            6       the next call exceeds the budget
├── RepeatedRefusals         3       many calls in a row were refused for the same reason
├── ServiceDown              9       the service is down and did not recover in time
├── WorkersLost              9       the workers of the run ended again and again
└── CallError                1       one API call failed
    ├── Throttled                    429: too many concurrent requests; retried
    ├── Transient                    5xx, no connection, or past the deadline; retried
    ├── Incomplete                   the response broke off; retried
    ├── BadAnswer                    a 200 with a wrong body; retried once
    │   └── NoAudio                  the body is not audio but, say, a web page
    ├── Refused              3       4xx: the service rejects this request; not retried
    └── FatalCallError       4       no further call can succeed; ends the run
        ├── AuthRefused              401, or an invalid TLS certificate
        └── QuotaExhausted           402: no credits left

The message of each error says what to do next. A `CallError` also has `code`, `status`, `retryable`, `retry_after_s`
and `billed`. After any error, rerun the command: completed calls are not billed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

Billed = Literal["no", "unknown"]

_MAX_PROBLEMS_SHOWN = 100


class ExitCode(IntEnum):
    """The exit codes of the command line."""

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
    """The base class; the message is written for the user and says what to do next."""

    exit_code: ClassVar[ExitCode] = ExitCode.SOME_FAILED


class ConfigError(VoicemillError):
    """A setting, a profile or an option is invalid. Correct the one that the message names."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem in a manifest: `row` counts data rows from 1, 0 means the file itself."""

    row: int
    column: str
    why: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "file"
        return f"{place}, column {self.column}: {self.why}" if self.column else f"{place}: {self.why}"


class ManifestError(VoicemillError):
    """The manifest has problems: `problems` holds them, `count` their number if there are more. Correct the rows."""

    exit_code = ExitCode.USAGE

    def __init__(self, manifest: str, problems: Sequence[Problem], count: int | None = None) -> None:
        self.manifest = manifest
        self.problems = tuple(problems)
        self.count = len(self.problems) if count is None else count
        shown = "\n".join(f"  {problem}" for problem in self.problems[:_MAX_PROBLEMS_SHOWN])
        super().__init__(f"{manifest}: {self.count} problem{'s' * (self.count != 1)}\n{shown}")


class BookError(VoicemillError):
    """A book cannot be imported. Correct the file that the message names, or use another edition."""

    exit_code = ExitCode.USAGE


class ResultsLockedError(VoicemillError):
    """Another run uses the results folder. Wait for it, or choose another folder."""

    exit_code = ExitCode.LOCKED


class TooManyErrors(VoicemillError):
    """More rows failed or were refused than allowed. See `failures.csv`, correct the rows, and rerun."""


class StorageError(VoicemillError):
    """A file could not be written or read back. Free disk space or correct permissions, and rerun."""

    exit_code = ExitCode.FATAL_STORAGE


class BudgetReached(VoicemillError):
    """The next call exceeds the budget. Raise the budget and rerun."""

    exit_code = ExitCode.BUDGET


class RepeatedRefusals(VoicemillError):
    """Many calls in a row were refused for the same reason. Correct what they have in common and rerun."""

    exit_code = ExitCode.SOME_REFUSED


class ServiceDown(VoicemillError):
    """The service is down. Rerun when it is back."""

    exit_code = ExitCode.SERVICE_DOWN


class WorkersLost(VoicemillError):
    """The workers of a run ended again and again. Check their memory, disk and logs, and rerun."""

    exit_code = ExitCode.SERVICE_DOWN


class CallError(VoicemillError):
    """One attempt at an API call failed.

    `code` is the error code of the service, or one of voicemill's. `status` is the HTTP status, None without a
    response. `request_id` is the service's name for the request. `retry_after_s` is the delay that the service asks
    for, in seconds. `billed` is "unknown" if the service may have done the work before the failure.

    `retryable`: a later attempt may succeed. `is_throttling`: the service limits concurrency. `is_refusal`: the service
    works, but rejects this request. The retry policy sets `attempts`, `took_s` (the duration of this attempt), `counts`
    (whether it counts as an attempt; during an outage it does not) and `is_last` (no tokens are left for a retry).
    """

    retryable: ClassVar[bool] = False
    is_throttling: ClassVar[bool] = False
    is_refusal: ClassVar[bool] = False
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
        self.is_last = False


class Throttled(CallError):
    """The service rejects the request because of too many concurrent requests (429). Retry after `retry_after_s`."""

    retryable = True
    is_throttling = True
    code = "throttled"


class Transient(CallError):
    """The service or the network failed (5xx, no connection, past the deadline). Retry."""

    retryable = True
    code = "transient"


class Incomplete(CallError):
    """The response broke off before its end. Retry."""

    retryable = True
    code = "incomplete"


class BadAnswer(CallError):
    """The response is not what was requested. Retry once; report it to the service if it persists."""

    retryable = True
    code = "bad_answer"


class NoAudio(BadAnswer):
    """The response is not audio; it may come from a proxy. Check the base URL and the network."""


class Refused(CallError):
    """The service rejects the request and will reject it again. Correct the request."""

    is_refusal = True
    exit_code = ExitCode.SOME_REFUSED
    code = "refused"


class FatalCallError(CallError):
    """No further call of this run can succeed."""

    exit_code = ExitCode.FATAL_API


class AuthRefused(FatalCallError):
    """The API key is missing, wrong or revoked, or the TLS certificate is invalid. Set `CARTESIA_API_KEY`."""

    code = "auth"


class QuotaExhausted(FatalCallError):
    """The account has no credits left. Add credits and rerun."""

    code = "quota"


def _all_kinds(kind: type[CallError]) -> list[type[CallError]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in _all_kinds(sub))]


RETRYABLE_CLASSES = frozenset(kind.code for kind in _all_kinds(CallError) if kind.retryable)
"""The error classes of failures that may pass: `throttled`, `transient`, `incomplete` and `bad_answer`."""
