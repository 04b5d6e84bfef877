"""The page on transcripts is true: its commands run and say what it shows, and its files and columns are those."""

import re
import shlex
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from tests.flows.commands import InThisProcess
from voicemill.config import Subtitles
from voicemill.model import TEXT_FORMATS
from voicemill.pipeline.export import FORMATS

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "transcripts.md").read_text(encoding="utf-8")
_CONSOLES = re.findall(r"```console\n\$ (.*?)\n(.*?)```", _PAGE, re.DOTALL)
_SUBTITLES = re.findall(r"`(results/[^`]+\.srt)`:\n\n```srt\n(.*?)```", _PAGE, re.DOTALL)


def _shape(text: str) -> str:
    """What is shown, but for how long it took, and where."""
    here = text.replace(f"{Path.cwd()}/", "")
    return re.sub(r"[0-9]+:[0-9]{2}:[0-9]{2}|[0-9.]+%", "#", here)


def test_the_commands_say_what_is_shown(voicemill: InThisProcess, tmp_path: Path) -> None:
    """Every command of the page, in its order, ends well and says what the page shows; the files are as shown."""
    shutil.copytree(_ROOT / "data", tmp_path / "data")
    [manifest] = re.findall(r"```csv\n(.*?)```", _PAGE, re.DOTALL)
    Path("told.csv").write_text(manifest, encoding="utf-8")
    assert len(_CONSOLES) == 3
    for command, shown in _CONSOLES:
        ended = voicemill(*shlex.split(command)[1:])
        assert ended.code == 0, ended.stderr
        assert _shape(ended.stdout) == _shape(shown)
    assert len(_SUBTITLES) == 2
    for name, shown in _SUBTITLES:
        assert _shape(Path(name).read_text(encoding="utf-8")).splitlines()[0] == "1"
        if "told" in name:
            assert Path(name).read_text(encoding="utf-8") == shown
    for name in ("words", "segments"):
        listed = re.findall(r"^\| `(\w+)` \| (\w+) \|", _section_of(f"| `{name}.parquet` | type"), re.MULTILINE)
        schema = pq.read_schema(f"results/talks/{name}.parquet")
        assert [(field.name, str(field.type)) for field in schema] == listed


def test_formats_and_settings_are_listed() -> None:
    """Every format and every setting is on the page."""
    words = set(re.findall(r"`([\w.]+)`", _PAGE))
    assert set(TEXT_FORMATS) | set(FORMATS) | set(Subtitles.model_fields) <= words


def _section_of(head: str) -> str:
    return _PAGE[_PAGE.index(head) :].partition("\n\n")[0]
