"""CPU time of commands that start, do little and exit: `python -m benchmarks.cli_start`.

Each figure is the lowest of several runs of a new process, user and system time together; the lowest is the least
affected by other work on the machine. The first line is the interpreter alone.
"""

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_RUNS = 5
_VOICEMILL = (sys.executable, "-m", "voicemill")
_COMMANDS: dict[str, tuple[str, ...]] = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "voicemill --version": (*_VOICEMILL, "--version"),
    "voicemill --help": (*_VOICEMILL, "--help"),
    "voicemill run --help": (*_VOICEMILL, "run", "--help"),
    "voicemill validate book.csv": (*_VOICEMILL, "validate", "book.csv"),
    "voicemill plan book.csv": (*_VOICEMILL, "plan", "book.csv"),
    "voicemill status results": (*_VOICEMILL, "status", "results"),
}


def cpu_s(command: tuple[str, ...], folder: Path) -> float:
    """The CPU seconds of one run of `command` in `folder`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print one line per command."""
    with TemporaryDirectory(prefix="voicemill-") as name:
        folder = Path(name)
        (folder / "book.csv").write_text("id,transcript\na,Hello.\nb,Good morning.\n", encoding="utf-8")
        (folder / "results" / ".voicemill").mkdir(parents=True)
        for title, command in _COMMANDS.items():
            print(f"{title:28} {min(cpu_s(command, folder) for _ in range(_RUNS)):6.2f} s")


if __name__ == "__main__":
    main()
