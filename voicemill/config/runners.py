"""The runner of a run: where its shards are processed."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

RunnerKind = Literal["local", "process", "dask", "ray", "pool"]
_MOST_PROCESSES = 256
_FORMS = "local, process:N, dask://host:port, ray://host:port or pool:NAME"


@dataclass(frozen=True, slots=True)
class RunnerChoice:
    """A kind of runner: the number of its processes, the address (host:port) of its cluster, or its work pool."""

    kind: RunnerKind = "local"
    processes: int = 0
    address: str = ""
    pool: str = ""

    @classmethod
    def parse(cls, text: str) -> "RunnerChoice":
        """The choice that a setting or an option names. Raises `ValueError`."""
        name = text.strip()
        if name in ("", "local"):
            return cls()
        if name.startswith("process:"):
            return cls("process", processes=_processes(name.removeprefix("process:")))
        if name.startswith("dask://"):
            return cls("dask", address=_address(name))
        if name.startswith("ray://"):
            return cls("ray", address=_address(name))
        if name.startswith("pool:") and name.removeprefix("pool:").strip():
            return cls("pool", pool=name.removeprefix("pool:").strip())
        raise ValueError(f"use {_FORMS}")


def _processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_PROCESSES:
        raise ValueError(f"use 1 to {_MOST_PROCESSES} worker processes, as in process:4")
    return int(text)


def _address(name: str) -> str:
    """The host and the port of a cluster. Raises `ValueError`."""
    parts = urlsplit(name)
    if not parts.hostname or not parts.port or parts.username or parts.path.strip("/") or parts.query:
        raise ValueError(f"give the host and the port of a cluster, as in {parts.scheme}://scheduler:8786")
    return parts.netloc
