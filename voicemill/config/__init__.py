"""The settings of a run, and the API key.

Precedence: row > command line > profile > the defaults in `settings`. The API key is not a setting; it comes from the
environment (see `ApiKey`).
"""

from voicemill.config.credentials import KEY_VARIABLE, AccessToken, ApiKey
from voicemill.config.profiles import changed_settings, load_settings, profile_names
from voicemill.config.runners import RunnerChoice
from voicemill.config.settings import (
    BASE_URL_VARIABLE,
    CARTESIA_URL,
    LOOPBACK_HOSTS,
    MANIFEST_FORMATS,
    OPERATIONS,
    Budget,
    Checks,
    Inputs,
    LongAudio,
    LongText,
    Pace,
    RowDefaults,
    Service,
    Settings,
    Subtitles,
    webhook_of,
)

__all__ = [
    "ApiKey",
    "AccessToken",
    "KEY_VARIABLE",
    "BASE_URL_VARIABLE",
    "CARTESIA_URL",
    "LOOPBACK_HOSTS",
    "OPERATIONS",
    "MANIFEST_FORMATS",
    "RunnerChoice",
    "Settings",
    "RowDefaults",
    "LongText",
    "Subtitles",
    "LongAudio",
    "Inputs",
    "Pace",
    "Budget",
    "Checks",
    "Service",
    "load_settings",
    "changed_settings",
    "profile_names",
    "webhook_of",
]
