"""The user's Prefect settings, read without Prefect: they must equal those that Prefect reads."""

import os
from pathlib import Path

import pytest
from prefect.settings import Settings

from flows.prefect_server.settings import prefect_home, quiet_prefect_logging, user_settings

ENVIRONMENT, DOTENV, PREFECT_TOML, PYPROJECT, PROFILE = (f"http://{name}.test/api" for name in "abcde")

SOURCES = {
    ENVIRONMENT: ("environment", ""),
    DOTENV: (".env", f"PREFECT_API_URL={DOTENV}\n"),
    PREFECT_TOML: ("prefect.toml", f'[api]\nurl = "{PREFECT_TOML}"\n'),
    PYPROJECT: ("pyproject.toml", f'[tool.prefect.api]\nurl = "{PYPROJECT}"\n'),
    PROFILE: ("profiles.toml", f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "{PROFILE}"\n'),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Prefect home that is not the working folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PREFECT_HOME", str(home))
    return home


def set_api_url(source: str, home: Path) -> None:
    """Write the address to the source that it stands for."""
    name, content = SOURCES[source]
    if name == "environment":
        os.environ["PREFECT_API_URL"] = source
    else:
        folder = home if name == "profiles.toml" else Path()
        (folder / name).write_text(content)


def as_prefect_reads_them() -> str:
    """The API address and the home that Prefect reads."""
    read = Settings()
    return f"{read.api.url} {read.home}"


@pytest.mark.parametrize("highest", SOURCES)
def test_source_of_highest_precedence_wins(highest: str, home: Path) -> None:
    """A source overrides all sources of lower precedence."""
    sources = list(SOURCES)
    for source in sources[sources.index(highest) :]:
        set_api_url(source, home)
    assert user_settings()["PREFECT_API_URL"] == highest


@pytest.mark.parametrize("source", [DOTENV, PREFECT_TOML, PYPROJECT, PROFILE])
def test_prefect_reads_the_same_settings(source: str, home: Path) -> None:
    """Prefect reads the same address and home as voicemill."""
    set_api_url(source, home)
    assert as_prefect_reads_them() == f"{user_settings()['PREFECT_API_URL']} {prefect_home(user_settings())}"


def test_empty_variable_counts_as_not_set(home: Path) -> None:
    """Without settings there is no API address, and an empty variable sets none."""
    os.environ["PREFECT_API_URL"] = ""
    assert "PREFECT_API_URL" not in user_settings()


def test_built_in_profiles_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PREFECT_PROFILE=local` works without a profiles file, as in Prefect."""
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_PROFILE", "local")
    assert user_settings()["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert as_prefect_reads_them() == f"http://127.0.0.1:4200/api {tmp_path / '.prefect'}"


def test_invalid_file_is_ignored(home: Path) -> None:
    """A file that cannot be parsed sets nothing; Prefect reports its error."""
    Path("prefect.toml").write_text("[api")
    assert "PREFECT_API_URL" not in user_settings()


def test_settings_of_the_user_take_precedence_over_quiet_settings(home: Path) -> None:
    """A user who enabled Prefect's console log or its telemetry keeps both."""
    Path("prefect.toml").write_text("[server]\nanalytics_enabled = true\n")
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    quiet_prefect_logging()
    assert os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "INFO"
    assert "PREFECT_SERVER_ANALYTICS_ENABLED" not in os.environ
    assert os.environ["PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL"] == "CRITICAL"
