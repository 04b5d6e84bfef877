"""The Markdown pages of the project: their code blocks, commands and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    if not {"_generated", "_build"} & set(path.relative_to(ROOT).parts)
)

_FENCE = re.compile(r"^(?P<fence>```+)(?P<kind>[\w-]*)\n(?P<text>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE)
_SAVED = re.compile(r"Save this as `([^`]+)`:\n+\Z")


@dataclass(frozen=True)
class Block:
    """A fenced code block. `file` is the name that the reader saves it under, empty for none."""

    kind: str
    text: str
    file: str


@dataclass(frozen=True)
class Command:
    """A command line on a page, with the output that the page shows and the expected exit code."""

    line: str
    shown: tuple[str, ...] = ()
    exit_code: int = 0


def name_of(page: Path) -> str:
    """The page's path from the root of the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        saved = _SAVED.search(text[: found.start()])
        yield Block(found["kind"], found["text"], saved[1] if saved else "")


def commands(block: Block) -> list[Command]:
    """The commands of a `sh` or `console` block; a trailing `$ echo $?` gives the expected exit code."""
    if block.kind == "sh":
        lines = (re.sub(r"\s+# .*", "", line).strip() for line in block.text.splitlines())
        return [Command(line) for line in lines if line]
    if block.kind != "console":
        return []
    found: list[Command] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        if line == "echo $?":
            found[-1] = Command(found[-1].line, found[-1].shown, int(shown[0]))
        else:
            found.append(Command(line, tuple(shown)))
    return found


def all_commands(page: Path) -> list[Command]:
    """Every command of a page, in order."""
    return [command for block in blocks(page) for command in commands(block)]


def inline_code(page: Path) -> list[str]:
    """Every `code` within the prose and the tables of a page."""
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", page.read_text(encoding="utf-8")))
