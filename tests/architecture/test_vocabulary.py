"""Words that were replaced by standard terms do not come back in code, tests, documentation or help."""

import re
import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FOLDERS = ("voicemill", "flows", "tasks", "tests", "benchmarks", "docs", "configs", "examples")
_SUFFIXES = {".py", ".md", ".toml"}
_REPLACED = {
    "bench": "run context",
    "crew": "workers",
    "convoy": "group commit",
    "trips": "batches",
    "workplace": "results folder",
    "lane": "concurrency limiter",
    "grudge": "backoff",
    "rendezvous": "server lease",
    "suspicion": "quality flags",
    "remark": "warning",
    "timed words": "word timestamps",
    "safety net": "safeguard",
    "broken on purpose": "fault injection",
    "paid for twice": "billed again",
    "begin anew": "retry",
    "ridden out": "survived",
    "gives voice": "generates speech",
    "nobody who": "name the actor",
    "which of them": "name the items",
    "what is said": "the text",
    "comes of it": "the result",
    "paid again": "billed again",
    "sickness": "failure",
}
"""Each word with the term to use instead."""
_PATTERN = re.compile(rf"\b({'|'.join(_REPLACED)})s?\b", re.IGNORECASE)


def _texts() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *_FOLDERS, "*.md"], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    paths = {_ROOT / name for name in listed.stdout.split("\0") if name}
    return sorted(path for path in paths if path.suffix in _SUFFIXES and path != Path(__file__) and path.is_file())


def test_replaced_words_do_not_come_back() -> None:
    """No file of the project has one of these words."""
    found = [
        f"{path.relative_to(_ROOT)}:{number}: use {_REPLACED[match[1].lower()]!r} instead of {match[0]!r}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in _PATTERN.finditer(line)
    ]
    assert found == []
    assert len(_texts()) > 400
