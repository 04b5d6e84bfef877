"""Use the plan of the last run again, where nothing that determines it has changed since."""

import hashlib
from functools import cache
from pathlib import Path

import voicemill
from voicemill.config import Settings
from voicemill.manifest import VoiceDirectory, is_listing
from voicemill.store.durable_files import sha256_of

REUSED_FROM_ROWS = 10_000
"""Fewer rows are always checked: that takes at most a second, and finds changes that the hash does not cover."""

_NOT_IN_PLAN = {"pace", "budget", "webhook"}
"""Settings that no plan depends on."""


def digest_of_manifest(manifest: object) -> str:
    """The SHA-256 of a manifest file, empty if it is not a regular file, such as a folder or standard input."""
    if not isinstance(manifest, str) or is_listing(manifest):
        return ""
    try:
        return sha256_of(Path(manifest)) if Path(manifest).is_file() else ""
    except OSError:
        return ""


def basis_of(digest: str, settings: Settings, service: str, voices: VoiceDirectory) -> str:
    """A hash of everything that determines the plan of a manifest that names no other files."""
    sections = settings.model_dump_json(exclude=_NOT_IN_PLAN)
    return hashlib.sha256(repr((digest, sections, service, voices.fingerprint, _code())).encode()).hexdigest()


@cache
def _code() -> str:
    """A hash of the code of this package: another version may read a manifest differently."""
    folder = Path(voicemill.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
