"""Supply chain: each package is pinned to one version by hash and comes from the package index."""

import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_LOCK = (_ROOT / "requirements.lock").read_text(encoding="utf-8")
_ENTRIES = re.sub(r" *\\\n *", " ", re.sub(r"^ *#.*\n", "", _LOCK, flags=re.MULTILINE)).splitlines()
_ENTRY = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+!]+)( ; [^@]+?)?(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")


def test_every_package_is_locked_by_its_hash() -> None:
    """The lock file has one version of each package with hashes, and no URL, folder or other index."""
    assert [entry for entry in _ENTRIES if not _ENTRY.fullmatch(entry)] == []
    assert len(_ENTRIES) > 100


def test_all_dependencies_are_locked() -> None:
    """Every declared dependency, including development ones, is in the lock file."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {_plain(re.split(r"[\s<>=!~\[;]", each)[0]) for each in wanted}
    assert names - {_plain(entry.partition("==")[0]) for entry in _ENTRIES} == set()


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
