"""The runner of a run: where its shards are processed."""

from dataclasses import dataclass
from typing import Literal

RunnerKind = Literal["local", "process"]
_MOST_PROCESSES = 256
_FORMS = "local or process:N"


@dataclass(frozen=True, slots=True)
class RunnerChoice:
    """A kind of runner, with the number of its worker processes."""

    kind: RunnerKind = "local"
    processes: int = 0

    @classmethod
    def parse(cls, text: str) -> "RunnerChoice":
        """The choice that a setting or an option names. Raises `ValueError`."""
        name = text.strip()
        if name in ("", "local"):
            return cls()
        if name.startswith("process:"):
            return cls("process", processes=_processes(name.removeprefix("process:")))
        raise ValueError(f"a runner is {_FORMS}")


def _processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_PROCESSES:
        raise ValueError(f"the number of worker processes is from 1 to {_MOST_PROCESSES}, as in process:4")
    return int(text)
