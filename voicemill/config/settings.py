"""The settings of a run, by section. Unknown keys are errors."""

import os
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from voicemill.config.runners import RunnerChoice
from voicemill.errors import ConfigError

BASE_URL_VARIABLE = "CARTESIA_BASE_URL"
CARTESIA_URL = "https://api.cartesia.ai"
WEBHOOK_VARIABLE = "VOICEMILL_WEBHOOK"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


OPERATIONS = ("tts", "stt", "voice_change", "infill")
MANIFEST_FORMATS = (
    "auto", "csv", "tsv", "jsonl", "parquet",
    "nemo", "ljspeech", "common-voice", "librispeech", "kaldi", "audiofolder", "whisper",
)  # fmt: skip
TEXT_MARKUPS = ("plain", "markdown")


class RowDefaults(_Section):
    """Defaults of rows whose own cell is empty. The names are those of the manifest columns."""

    op: str = "tts"
    model: str = ""
    voice: str = ""
    language: str = "en"
    container: str = ""
    sample_rate: int = 44100
    encoding: str = ""
    bit_rate: int = 0
    speed: str = ""
    emotion: str = ""
    timestamps: bool = False
    output_format: str = ""
    splice: bool = True
    audio_track: str = ""
    check: str = "signals"
    takes: int = 1


class LongText(_Section):
    """How a long text is split into calls, and the pauses in the joined audio."""

    max_characters_per_call: int = Field(500, ge=50, le=10_000)
    sentence_pause_s: float = Field(0.15, ge=0, le=10)
    paragraph_pause_s: float = Field(0.6, ge=0, le=30)
    section_pause_s: float = Field(1.2, ge=0, le=60)


PLAN_NAMES = ("free", "pro", "startup", "scale")
AUTO = {"min_concurrency": 1, "start_concurrency": 0, "max_concurrency": 100}


class Subtitles(_Section):
    """The layout of subtitles. Settings that openai-whisper has too have the same names."""

    max_line_width: int = Field(42, ge=8, le=1000)
    max_line_count: int = Field(2, ge=1, le=100)
    max_characters_per_s: float = Field(17.0, ge=1, le=1000)
    min_duration_s: float = Field(0.83, ge=0, le=10)
    max_duration_s: float = Field(7.0, ge=0.5, le=3600)
    highlight_words: bool = False


class LongAudio(_Section):
    """The longest part of a recording per call. Longer recordings are split at the most silent points.

    Transcription accepts any length, but a failed call is repeated as a whole. The response to a voice conversion is
    held in memory until it is verified.
    """

    stt_call_s: float = Field(3600.0, ge=30, le=86_400)
    voice_change_call_s: float = Field(30.0, ge=10, le=900)


class Inputs(_Section):
    """The format of inputs, and the hosts that inputs may be downloaded from by HTTPS.

    A host is a name, or a name and a port (`files.example.org:8443`). `max_bytes` limits one download. `format` is
    the manifest's; `text` is `plain` or `markdown`. `cast` and `pronunciations` name CSV files: the speakers that
    texts name, and words that are spoken differently from how they are written. `allowed_words` names a text file of
    words that checks do not compare.
    """

    allow_hosts: tuple[str, ...] = ()
    max_bytes: int = Field(2_000_000_000, ge=1024)
    format: str = "auto"
    text: str = "plain"
    cast: str = ""
    pronunciations: str = ""
    allowed_words: str = ""

    @field_validator("format")
    @classmethod
    def _check_format(cls, format: str) -> str:
        return _one_of(format, MANIFEST_FORMATS)

    @field_validator("text")
    @classmethod
    def _check_markup(cls, text: str) -> str:
        return _one_of(text, TEXT_MARKUPS)

    @field_validator("allow_hosts")
    @classmethod
    def _normalize_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.strip().lower() for host in hosts)


def _one_of(name: str, known: tuple[str, ...]) -> str:
    if name.strip().casefold() not in known:
        raise ValueError(f"use one of {', '.join(known)}")
    return name.strip().casefold()


class Pace(_Section):
    """Concurrency, deadlines, retries and outages.

    `max_concurrency` is a fixed number, `minimum-start-maximum`, or `auto`, which starts with the limit of `plan` and
    adapts.
    """

    max_concurrency: int = Field(100, ge=1, le=1000)
    min_concurrency: int = Field(1, ge=1, le=1000)
    start_concurrency: int = Field(0, ge=0, le=1000)
    plan: str = ""
    shared_limit: str = ""
    requests_per_s: float = Field(0.0, ge=0, le=10_000)
    attempts: int = Field(6, ge=1, le=50)
    passes: int = Field(2, ge=1, le=10)
    first_wait_s: float = Field(0.5, gt=0, le=60)
    longest_wait_s: float = Field(30.0, gt=0, le=600)
    attempt_deadline_s: float = Field(120.0, gt=0, le=3600)
    stall_s: float = Field(10.0, gt=0, le=3600)
    call_deadline_s: float = Field(900.0, gt=0, le=86_400)
    cool_down_s: float = Field(15.0, gt=0, le=3600)
    give_up_after_s: float = Field(600.0, gt=0, le=86_400)
    fail_on_error: float = Field(0.0, ge=0)
    when_down: Literal["stop", "wait"] = "stop"
    same_refusals: int = Field(25, ge=0)
    max_body_bytes: int = Field(256 * 1024 * 1024, ge=1024)

    @model_validator(mode="before")
    @classmethod
    def _read_concurrency(cls, given: Any) -> Any:  # noqa: ANN401 - pydantic's own
        if isinstance(given, dict) and "max_concurrency" in given:
            return {**given, **_concurrency(given["max_concurrency"], given)}
        return given

    @field_validator("plan")
    @classmethod
    def _check_plan(cls, plan: str) -> str:
        if plan.lower() not in ("", *PLAN_NAMES):
            raise ValueError(f"use one of {', '.join(PLAN_NAMES)}")
        return plan.lower()

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        start = self.start_concurrency or self.max_concurrency
        if not self.min_concurrency <= start <= self.max_concurrency:
            raise ValueError(
                "the minimum, start and maximum of the concurrency must be in ascending order, as in 4-20-100"
            )
        return self


def _concurrency(given: object, beside: Mapping[str, object]) -> dict[str, object]:
    """The minimum, start and maximum of `N`, `minimum-start-maximum` or `auto`; explicit values are kept."""
    text = str(given).strip().lower()
    if text == "auto":
        return dict(AUTO)
    parts = text.split("-")
    if len(parts) == 3:
        return dict(zip(AUTO, parts, strict=True))
    if "start_concurrency" in beside or "min_concurrency" in beside:
        return {"max_concurrency": given}
    return {"min_concurrency": given, "start_concurrency": given, "max_concurrency": given}


class Budget(_Section):
    """Spending limits; 0 means no limit. Credits and calls are counted over all runs in a results folder.

    The price of `pace.plan` converts `max_cost_usd` into credits. `sample_rows` selects that many rows, spread evenly,
    and `first_rows` the first ones; a later run without them processes the rest.
    """

    max_credits: float = Field(0.0, ge=0)
    max_cost_usd: float = Field(0.0, ge=0)
    max_calls: int = Field(0, ge=0)
    max_duration_s: float = Field(0.0, ge=0)
    sample_rows: int = Field(0, ge=0)
    first_rows: int = Field(0, ge=0)


class Checks(_Section):
    """How `check = transcribed` transcribes generated audio.

    `recognizer` is `service` for the service of the run, or `local` for Whisper on this machine. `model` is the
    service's transcription model.
    """

    recognizer: Literal["service", "local"] = "service"
    model: str = "ink-whisper"


class Service(_Section):
    """The service for all calls: the embedded engine if neither a base URL nor a key is set.

    `engine = "embedded"` selects the embedded engine in any case.
    """

    engine: Literal["", "embedded"] = ""
    base_url: str = ""
    api_version: str = "2024-11-13"
    key_block: str = ""


class Settings(_Section):
    """All settings of a run, resolved. They hold no secret.

    `operation` applies to every row. If it is empty, each row names its operation, with `defaults.op` as default.
    """

    defaults: RowDefaults = RowDefaults()
    long_text: LongText = LongText()
    subtitles: Subtitles = Subtitles()
    long_audio: LongAudio = LongAudio()
    inputs: Inputs = Inputs()
    checks: Checks = Checks()
    pace: Pace = Pace()
    budget: Budget = Budget()
    service: Service = Service()
    answers: str = ""
    operation: str = ""
    webhook: str = ""
    runner: str = "local"
    shard_rows: int = Field(0, ge=0)

    def with_operation(self, operation: str) -> "Settings":
        """These settings, with `operation` for every row."""
        return self.model_copy(update={"operation": operation})

    @field_validator("runner")
    @classmethod
    def _check_runner(cls, runner: str) -> str:
        RunnerChoice.parse(runner)
        return runner.strip() or "local"

    @field_validator("webhook")
    @classmethod
    def _check_webhook(cls, webhook: str) -> str:
        return _checked_webhook(webhook.strip())

    @field_validator("operation")
    @classmethod
    def _check_operation(cls, operation: str) -> str:
        name = operation.strip().casefold().replace("-", "_")
        if name not in ("", *OPERATIONS):
            raise ValueError(f"use one of {', '.join(OPERATIONS)}")
        return name

    @property
    def row_defaults(self) -> RowDefaults:
        """Defaults of rows whose own cell is empty, including the operation."""
        return self.defaults.model_copy(update={"op": self.operation}) if self.operation else self.defaults

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.pace.longest_wait_s < self.pace.first_wait_s:
            raise ValueError("pace.longest_wait_s is shorter than pace.first_wait_s; increase it")
        if self.budget.max_cost_usd and self.pace.plan in ("", "free"):
            raise ValueError("budget.max_cost_usd needs the price of a plan; give --plan pro, startup or scale")
        return self


def webhook_of(settings: Settings) -> str:
    """The URL that receives the summary of a run: `settings.webhook`, else `VOICEMILL_WEBHOOK`; empty for none.

    Use the variable for a URL that is secret, because settings are stored. Raises `ConfigError`.
    """
    try:
        return settings.webhook or _checked_webhook(os.environ.get(WEBHOOK_VARIABLE, "").strip())
    except ValueError as error:
        raise ConfigError(f"{WEBHOOK_VARIABLE}: {error}") from None


def _checked_webhook(url: str) -> str:
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    if url and (not is_private or not parts.hostname or parts.username):
        raise ValueError("a webhook must be an https URL without a user name or password, or http on this machine")
    return url
