"""The SDKs under test, each with its environment and the script that uses it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CACHE = ROOT / ".sdks"
"""The folder of the environments, kept between sessions; git ignores it, and `make clean` removes it."""
_STAMP = ".complete"
_API_ERROR = "cartesia.core.api_error.ApiError"


class NotSetUp(Exception):
    """An environment cannot be created; the message has the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One client. `errors` are its error classes by status (0: any); `removed` are methods its generation dropped."""

    name: str
    title: str
    command: Callable[[], list[str]]
    errors: Mapping[int, str]
    environment: dict[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()


def _python(kit: str, script: str) -> Callable[[], list[str]]:
    """The command that runs a script with the packages of a kit's lock."""

    def command() -> list[str]:
        folder = _ready(kit, ["requirements.lock"], _install_python)
        return [str(folder / "bin" / "python"), "-m", f"tests.sdks.scripts.{script}"]

    return command


def _node(kit: str, script: str) -> Callable[[], list[str]]:
    def command() -> list[str]:
        _ready(kit, ["package.json", "package-lock.json", ".npmrc"], _install_node)
        return [_needed("node"), str(HERE / "scripts" / script)]

    return command


def _own(script: str) -> Callable[[], list[str]]:
    """The command that runs a script in this environment."""
    return lambda: [sys.executable, "-m", f"tests.sdks.scripts.{script}"]


KITS = {
    kit.name: kit
    for kit in (
        Kit(
            "voicemill",
            "client",
            _own("voicemill_client"),
            {
                0: "voicemill.errors.Refused",
                401: "voicemill.errors.AuthRefused",
                429: "voicemill.errors.Throttled",
                500: "voicemill.errors.Transient",
            },
        ),
        Kit("plain-http", "engine", _own("plain_http"), {0: "__main__.Refused"}),
        Kit(
            "cartesia-js-2",
            "cartesia-js 2.2.9",
            _node("cartesia-js-2", "cartesia_js_2.cjs"),
            {0: "CartesiaError"},
            {"NODE_PATH": str(CACHE / "cartesia-js-2" / "node_modules")},
        ),
        Kit(
            "cartesia-2",
            "cartesia 2.0.17",
            _python("cartesia-2", "cartesia_2"),
            {0: _API_ERROR},
        ),
        Kit(
            "cartesia-4",
            "cartesia 4.2.0",
            _python("cartesia-4", "cartesia_4"),
            {
                400: "cartesia.BadRequestError",
                401: "cartesia.AuthenticationError",
                403: "cartesia.PermissionDeniedError",
                404: "cartesia.NotFoundError",
                429: "cartesia.RateLimitError",
            },
            removed=frozenset({"voices.mix", "voices.create"}),
        ),
    )
}


def _ready(kit: str, files: list[str], install: Callable[[Path], None]) -> Path:
    """The folder of a kit's environment, created again if one of `files` has changed. Raises `NotSetUp`."""
    source, folder = HERE / "environments" / kit, CACHE / kit
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in files)).hexdigest()
    with _locked(kit):
        stamp = folder / _STAMP
        if not stamp.exists() or stamp.read_text() != digest:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in files:
                shutil.copy(source / name, folder)
            install(folder)
            stamp.write_text(digest)
    return folder


@contextmanager
def _locked(kit: str) -> Iterator[None]:
    """Allow one session at a time to create an environment."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{kit}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_python(folder: Path) -> None:
    uv = find_uv_bin()
    _run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)], folder)
    python = str(folder / "bin" / "python")
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, "requirements.lock"], folder)


def _install_node(folder: Path) -> None:
    _run([_needed("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise NotSetUp(f"{program} is not installed, and the tests of the JavaScript SDK need it: install Node.js 18+.")
    return found


def _run(command: list[str], folder: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise NotSetUp(f"{' '.join(command)} failed, so an SDK cannot be tested:\n{done.stdout}{done.stderr}")
