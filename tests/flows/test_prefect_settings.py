"""What the user told Prefect, read without Prefect: the same as Prefect itself reads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    """A Prefect home; the working folder is another."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PREFECT_HOME", str(home))
    return home


def tell(source: str, home: Path) -> None:
    """Put the source's address where that source belongs."""
    name, content = SOURCES[source]
    if name == "environment":
        os.environ["PREFECT_API_URL"] = source
    else:
        folder = home if name == "profiles.toml" else Path()
        (folder / name).write_text(content)


def prefects_own() -> str:
    """The address of the API as Prefect reads it."""
    script = "import prefect.settings as s; print(s.PREFECT_API_URL.value(), s.PREFECT_HOME.value())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("strongest", SOURCES)
def test_the_strongest_source_wins(strongest: str, home: Path) -> None:
    """Of the sources from the strongest one down, the strongest counts."""
    sources = list(SOURCES)
    for source in sources[sources.index(strongest) :]:
        tell(source, home)
    assert user_settings()["PREFECT_API_URL"] == strongest


@pytest.mark.parametrize("source", [DOTENV, PREFECT_TOML, PYPROJECT, PROFILE])
def test_prefect_reads_the_same(source: str, home: Path) -> None:
    """Prefect itself finds the same address and home as we do."""
    tell(source, home)
    assert prefects_own() == f"{user_settings()['PREFECT_API_URL']} {prefect_home(user_settings())}"


def test_nothing_told_is_nothing_read(home: Path) -> None:
    """A fresh machine has no API address; an empty variable is none."""
    os.environ["PREFECT_API_URL"] = ""
    assert "PREFECT_API_URL" not in user_settings()


def test_prefects_own_profiles_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PREFECT_PROFILE=local` works without a profiles file, as with Prefect."""
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_PROFILE", "local")
    assert user_settings()["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert prefects_own() == f"http://127.0.0.1:4200/api {tmp_path / '.prefect'}"


def test_a_broken_file_is_left_to_prefect(home: Path) -> None:
    """What cannot be parsed tells nothing; the message about it is Prefect's."""
    Path("prefect.toml").write_text("[api")
    assert "PREFECT_API_URL" not in user_settings()


def test_quiet_leaves_what_the_user_set(home: Path) -> None:
    """Who wants Prefect's log on the terminal, or its telemetry, keeps it."""
    Path("prefect.toml").write_text("[server]\nanalytics_enabled = true\n")
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    quiet_prefect_logging()
    assert os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "INFO"
    assert "PREFECT_SERVER_ANALYTICS_ENABLED" not in os.environ
    assert os.environ["PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL"] == "CRITICAL"
