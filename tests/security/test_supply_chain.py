"""Supply chain: each package is pinned to one version by hash and comes from the package index."""

import re
import tomllib
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LOCKS = ("requirements.lock", "requirements-ray.lock")
_ENTRY = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+!]+)( ; [^@]+?)?(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")


def _entries(lock: str) -> list[str]:
    """The entries of a lock file, each in one line."""
    text = re.sub(r"^ *#.*\n", "", (_ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub(r" *\\\n *", " ", text).splitlines()


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_package_is_locked_by_its_hash(lock: str) -> None:
    """A lock file has one version of each package with hashes, and no URL, folder or other index."""
    assert [entry for entry in _entries(lock) if not _ENTRY.fullmatch(entry)] == []
    assert len(_entries(lock)) > 100


def test_both_lock_files_have_the_same_versions() -> None:
    """Installing Ray changes no package that the tests use."""
    main, ray = (dict(entry.partition(" ")[0].split("==") for entry in _entries(lock)) for lock in _LOCKS)
    assert {name: version for name, version in ray.items() if main.get(name, version) != version} == {}
    assert "ray" in ray


def test_all_dependencies_are_locked() -> None:
    """Every declared dependency, including development ones, is in the lock file."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {_plain(re.split(r"[\s<>=!~\[;]", each)[0]) for each in wanted}
    assert names - {_plain(entry.partition("==")[0]) for entry in _entries("requirements.lock")} == set()


def test_setup_installs_only_locked_packages() -> None:
    """`make setup` requires hashes and installs the project without further dependencies."""
    recipe = (_ROOT / "Makefile").read_text(encoding="utf-8").partition("$(STAMP):")[2].partition("\n\n")[0]
    installs = re.findall(r"\$\$UV pip (.*?)(?: &&|; \\|$)", recipe, re.MULTILINE)
    # The second sync leaves out the packages of the local engine, if they cannot be installed.
    assert [install.split()[0] for install in installs] == ["sync", "sync", "install"]
    *syncs, project = installs
    assert all("--require-hashes" in sync for sync in syncs)
    assert "--no-deps" in project
    assert "--no-build-isolation" in project


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
