"""Generate, transcribe and convert speech in bulk from a manifest. Completed calls are never billed again.

Run a manifest, a folder of recordings, or a pandas DataFrame:

    import pandas as pd
    import voicemill

    rows = pd.DataFrame({"id": ["one", "two"], "text": ["The first line.", "The second line."]})
    result = voicemill.run(rows, results="results/lines", voice="Sarah")
    print(result.counts, result.items[["id", "audio_path", "duration_s"]])

With `CARTESIA_API_KEY` set, calls go to the Cartesia API; without it, to the embedded engine, offline and free.

Functions:
    run, run_async: process a manifest into a results folder, or resume an unfinished run.
    plan: estimate calls, credits, cost and duration, without a paid call.
    validate: list all problems of a manifest, without a paid call.
    retry, retry_async: retry the unfinished rows of a results folder.
    verify: compare every file, answer and table in a results folder with its records.
    check: check the audio and the transcripts of finished rows for faults, without a paid call.
    export: write subtitles, transcripts and other formats from a results folder.

Classes:
    Cartesia: an async client for single API calls.
    AudioFormat: the container, sample rate and encoding of generated audio.
    RunResult: how a run ended: counts, exit code, and the rows as a DataFrame.
    CheckedManifest, PlanFigures: what `validate` and `plan` return.
    Settings: all settings of a run, by section.

Errors: every error is a `VoicemillError`; `voicemill.errors` shows the tree. A row that fails does not raise: see
`RunResult.failures`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicemill.client import Cartesia
    from voicemill.config import Settings, load_settings
    from voicemill.errors import (
        AuthRefused,
        BadAnswer,
        BookError,
        BudgetReached,
        CallError,
        ConfigError,
        ExitCode,
        FatalCallError,
        Incomplete,
        ManifestError,
        NoAudio,
        Problem,
        QuotaExhausted,
        Refused,
        RepeatedRefusals,
        ResultsLockedError,
        ServiceDown,
        StorageError,
        Throttled,
        TooManyErrors,
        Transient,
        VoicemillError,
        WorkersLost,
    )
    from voicemill.library.checks import plan, validate
    from voicemill.library.folders import check, export, verify
    from voicemill.library.options import RunOptions
    from voicemill.library.runs import Progress, RunResult, retry, retry_async, run, run_async
    from voicemill.model.audio_formats import AudioFormat
    from voicemill.pipeline.check_manifest import CheckedManifest
    from voicemill.planning.figures import PlanFigures

__version__ = "0.1.0"

_ERRORS = (
    "VoicemillError",
    "ConfigError",
    "ManifestError",
    "BookError",
    "ResultsLockedError",
    "StorageError",
    "TooManyErrors",
    "BudgetReached",
    "RepeatedRefusals",
    "ServiceDown",
    "WorkersLost",
    "CallError",
    "Throttled",
    "Transient",
    "Incomplete",
    "BadAnswer",
    "NoAudio",
    "Refused",
    "FatalCallError",
    "AuthRefused",
    "QuotaExhausted",
)

_MODULE_OF = {
    "run": "voicemill.library.runs",
    "run_async": "voicemill.library.runs",
    "plan": "voicemill.library.checks",
    "validate": "voicemill.library.checks",
    "retry": "voicemill.library.runs",
    "retry_async": "voicemill.library.runs",
    "verify": "voicemill.library.folders",
    "check": "voicemill.library.folders",
    "export": "voicemill.library.folders",
    "Cartesia": "voicemill.client",
    "AudioFormat": "voicemill.model.audio_formats",
    "RunResult": "voicemill.library.runs",
    "RunOptions": "voicemill.library.options",
    "Progress": "voicemill.library.runs",
    "CheckedManifest": "voicemill.pipeline.check_manifest",
    "PlanFigures": "voicemill.planning.figures",
    "Settings": "voicemill.config",
    "load_settings": "voicemill.config",
    "ExitCode": "voicemill.errors",
    "Problem": "voicemill.errors",
    **dict.fromkeys(_ERRORS, "voicemill.errors"),
}

__all__ = [
    "run",
    "run_async",
    "plan",
    "validate",
    "retry",
    "retry_async",
    "verify",
    "check",
    "export",
    "Cartesia",
    "AudioFormat",
    "RunResult",
    "RunOptions",
    "Progress",
    "CheckedManifest",
    "PlanFigures",
    "Settings",
    "load_settings",
    "ExitCode",
    "Problem",
    "VoicemillError",
    "ConfigError",
    "ManifestError",
    "BookError",
    "ResultsLockedError",
    "StorageError",
    "TooManyErrors",
    "BudgetReached",
    "RepeatedRefusals",
    "ServiceDown",
    "WorkersLost",
    "CallError",
    "Throttled",
    "Transient",
    "Incomplete",
    "BadAnswer",
    "NoAudio",
    "Refused",
    "FatalCallError",
    "AuthRefused",
    "QuotaExhausted",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import voicemill` takes milliseconds."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
