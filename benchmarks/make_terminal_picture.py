"""Draw `docs/run.svg`, the README's picture: the README's example in a terminal, with its real output."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

_ROOT = Path(__file__).parents[1]
_COLUMNS = 96
_COMMANDS = (
    "voicemill validate book.csv",
    "voicemill run book.csv -o results/book",
    "voicemill run book.csv -o results/book",
)


def main() -> None:
    """Run the example in an empty folder and draw what it prints."""
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    [manifest] = re.findall(r"```csv\n(.*?)```", readme, re.DOTALL)
    console = Console(record=True, width=_COLUMNS, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "book.csv").write_text(manifest, encoding="utf-8")
        for command in _COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            console.print(Text(_output(command, Path(folder))), end="")
    picture = console.export_svg(title="voicemill")
    (_ROOT / "docs" / "run.svg").write_text(_without_fonts(picture), encoding="utf-8")


def _output(command: str, folder: Path) -> str:
    executable = str(Path(sys.executable).with_name("voicemill"))
    ended = subprocess.run(
        [executable, *command.split()[1:]], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return ended.stdout.replace(f"{folder.resolve()}/", "")


def _without_fonts(picture: str) -> str:
    """Rich names a font on another host; browsers have a monospaced one."""
    plain = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    return plain.replace("Fira Code, monospace", "monospace").replace("\xa0", "&#160;")


if __name__ == "__main__":
    main()
