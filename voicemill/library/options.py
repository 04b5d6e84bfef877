"""The keyword options of the public functions: those of the command line, by the same names."""

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, TypedDict

from voicemill.config import Settings, load_settings
from voicemill.errors import ConfigError


class RunOptions(TypedDict, total=False):
    """Options that override the settings of a profile. Each has the meaning of the command-line option of its name."""

    op: str
    """Operation of all rows: `tts`, `stt`, `voice_change` or `infill`. Default: the `op` column, else `tts`."""
    format: str
    """Format of the manifest, such as `nemo` or `ljspeech`. Default: detected."""
    text: str
    """`plain`, or `markdown` to speak texts without their Markdown marks."""
    cast: str
    """CSV file of the speakers that texts name, with their voices. Default: the file of a book folder."""
    pronunciations: str
    """CSV file of words and how to say them. Default: the file of a book folder."""
    allow_host: list[str]
    """Hosts that inputs may be downloaded from, by HTTPS."""
    voice: str
    """Voice (name or id) of rows without one."""
    model: str
    """Model of rows without one."""
    language: str
    """Language of rows without one. Default: `en`."""
    container: str
    """Audio container of rows without one: `wav`, `mp3` or `raw`. Default: `wav`."""
    sample_rate: int
    """Sample rate in Hz of rows without one. Default: 44100."""
    output_format: str
    """Text files to write, separated by commas: `txt`, `json`, `srt`, `vtt`, `tsv`, or `all`."""
    timestamps: bool
    """Request word timestamps for TTS; STT always has them."""
    audio_track: str
    """Audio track of recordings that have several: a number from 1, or a language such as `eng`."""
    max_line_width: int
    """Characters per subtitle line."""
    max_line_count: int
    """Lines per subtitle."""
    highlight_words: bool
    """Underline each word of a subtitle while it is spoken."""
    check: str
    """Check of generated audio: `off`, `signals`, `guided` or `transcribed`. Default: `signals`."""
    takes: int
    """Generate a passage with a bad verdict again, up to this many takes in total. Default: 1."""
    check_with: str
    """Recognizer of `transcribed` checks: `service` or `local`. Default: `service`."""
    allowed_words: str
    """Text file of words that checks do not compare, one per line."""
    max_concurrency: int | str
    """Concurrent calls: `8`, `"4-20-100"` (minimum, start, maximum) or `"auto"`."""
    plan: str
    """Your Cartesia plan: `free`, `pro`, `startup` or `scale`."""
    requests_per_second: float
    """Maximum requests per second."""
    passes: int
    """Passes over the rows: after the first one, failed rows are retried; 1 disables this. Default: 2."""
    max_credits: float
    """Maximum credits to spend, over all runs in the results folder."""
    max_cost: float
    """The same limit in US dollars, at the price of `plan`."""
    max_calls: int
    """Maximum requests, over all runs in the results folder."""
    max_duration: float
    """Start no call after this many seconds."""
    limit: int
    """Process only the first rows."""
    sample: int
    """Process only this many rows, spread evenly over the manifest."""
    fail_on_error: float
    """Stop when more rows than this number, or this share below 1, fail or are refused."""
    when_down: str
    """What to do when the service stays down: `stop` or `wait`."""
    webhook: str
    """POST the summary as JSON to this URL at the end."""
    engine: str
    """`embedded` for the embedded engine, even if there is a key, or if the results were made with Cartesia."""
    answers: str | PathLike[str]
    """Folder of an answer store that several runs share. Default: inside the results folder."""
    runner: str
    """Where the rows are processed, in the form of the option `--runner`. Default: `local`, this process."""
    shard_rows: int
    """Rows that a worker gets at a time. Default: about a 24th of the calls."""


SETTING_OF: Mapping[str, tuple[str, str]] = {
    "op": ("", "operation"),
    "format": ("inputs", "format"),
    "text": ("inputs", "text"),
    "cast": ("inputs", "cast"),
    "pronunciations": ("inputs", "pronunciations"),
    "allow_host": ("inputs", "allow_hosts"),
    "voice": ("defaults", "voice"),
    "model": ("defaults", "model"),
    "language": ("defaults", "language"),
    "container": ("defaults", "container"),
    "sample_rate": ("defaults", "sample_rate"),
    "output_format": ("defaults", "output_format"),
    "timestamps": ("defaults", "timestamps"),
    "audio_track": ("defaults", "audio_track"),
    "max_line_width": ("subtitles", "max_line_width"),
    "max_line_count": ("subtitles", "max_line_count"),
    "highlight_words": ("subtitles", "highlight_words"),
    "check": ("defaults", "check"),
    "takes": ("defaults", "takes"),
    "check_with": ("checks", "recognizer"),
    "allowed_words": ("inputs", "allowed_words"),
    "max_concurrency": ("pace", "max_concurrency"),
    "plan": ("pace", "plan"),
    "requests_per_second": ("pace", "requests_per_s"),
    "passes": ("pace", "passes"),
    "max_credits": ("budget", "max_credits"),
    "max_cost": ("budget", "max_cost_usd"),
    "max_calls": ("budget", "max_calls"),
    "max_duration": ("budget", "max_duration_s"),
    "limit": ("budget", "first_rows"),
    "sample": ("budget", "sample_rows"),
    "fail_on_error": ("pace", "fail_on_error"),
    "when_down": ("pace", "when_down"),
    "webhook": ("", "webhook"),
    "engine": ("service", "engine"),
    "answers": ("", "answers"),
    "runner": ("", "runner"),
    "shard_rows": ("", "shard_rows"),
}
"""The setting that each option overrides: its section (empty for none) and its name."""


def changes_of(options: Mapping[str, object]) -> dict[str, Any]:
    """The settings that `options` override, by section. Raises `ConfigError` for an unknown option."""
    changes: dict[str, Any] = {}
    for name, value in options.items():
        if name not in SETTING_OF:
            raise ConfigError(f"unknown option {name!r}; the options are {', '.join(SETTING_OF)}")
        section, setting = SETTING_OF[name]
        plain = fspath(value) if isinstance(value, PathLike) else value
        (changes.setdefault(section, {}) if section else changes)[setting] = plain
    return changes


def resolved(settings: Settings | None, profile: str | None, options: Mapping[str, object]) -> Settings:
    """Settings from `settings` or `profile`, with `options` on top. Raises `ConfigError`."""
    if settings is not None and profile is not None:
        raise ConfigError("give settings or a profile, not both")
    if settings is None:
        return load_settings(profile, **changes_of(options))
    changes, base = changes_of(options), settings.model_dump()
    merged = {name: base[name] | value if isinstance(value, dict) else value for name, value in changes.items()}
    return load_settings(None, **(base | merged))
