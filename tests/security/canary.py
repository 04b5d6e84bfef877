"""The places where a secret could leak, and every form in which it could appear there."""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tests.html_report.folders import blocks_of

KEY = "sk_car_Canary+Of/The=Mine_0123456789"


def forms(secret: str) -> dict[str, bytes]:
    """A secret verbatim, URL-encoded, in JSON, Base64, UTF-16 and hexadecimal, reversed, and in halves."""
    plain = secret.encode()
    half = len(plain) // 2
    coded = {
        f"base64, {shift} bytes in": base64.b64encode(b"x" * shift + plain)[4 * bool(shift) : -4] for shift in range(3)
    }
    return {
        "plain": plain,
        "in an address": quote(secret, safe="").encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "in UTF-16": secret.encode("utf-16-le"),
        "in hexadecimal": plain.hex().encode(),
        "backwards": plain[::-1],
        "its first half": plain[:half],
        "its second half": plain[half:],
        **coded,
    }


def found_in(content: bytes) -> list[str]:
    """The forms of the key that occur in the content."""
    return [name for name, form in forms(KEY).items() if form in content]


def files_below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below the folders, with its content."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                with suppress(OSError):
                    yield str(path), path.read_bytes()
            if path.name == "report.html":
                yield f"data of {path}", json.dumps(blocks_of(path)).encode()


def children_of(pid: int) -> Iterator[tuple[str, bytes]]:
    """The command line of a process, and the command lines and environments of its descendants."""
    with suppress(OSError):
        yield f"command line of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes()
    for child in _descendants(pid):
        for kind in ("cmdline", "environ"):
            with suppress(OSError):
                yield f"{kind} of {child}", Path(f"/proc/{child}/{kind}").read_bytes()


def processes_of(home: str) -> Iterator[tuple[str, bytes]]:
    """The command line and environment of the server process of this Prefect home."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
                if f"PREFECT_HOME={home}".encode() in environment and b"flows.prefect_server.process" in command:
                    yield f"environ of {command!r}", environment
                    yield f"cmdline of {command!r}", command


def _descendants(pid: int) -> Iterable[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)
