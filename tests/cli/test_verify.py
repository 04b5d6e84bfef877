"""`voicemill verify`: reports damage and, with `--repair`, repairs it with the fewest calls."""

import shutil
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results/book")


@pytest.fixture
def made(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> Path:
    """A results folder with four finished rows, one refused row and one failed row."""
    rows = short_rows(6)
    write_manifest(Path("book.csv"), rows)
    service.replies = {
        rows[4]["transcript"]: error_reply(400, "No", "Not this"),
        rows[5]["transcript"]: error_reply(500, "", ""),
    }
    assert voicemill("run", "book.csv", "--profile", fast_retries).code == 1
    service.reset_calls()
    return _RESULTS


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def _answer_to(results: Path, row_id: str) -> Path:
    [path] = [path for path in results.glob("answers/*/*") if f'"paid_by": "{row_id}"'.encode() in path.read_bytes()]
    return path


def test_intact_folder(voicemill: InThisProcess, made: Path) -> None:
    """A folder without damage is reported as intact, whatever its rows' outcomes, and is not changed."""
    before = file_hashes(made)
    ended = voicemill("verify", made)
    assert (ended.code, ended.stdout) == (0, f"{made}: no damage found in files, answers and tables.\n")
    assert voicemill("verify", made, "--repair", "--json").json == {
        "results": str(made),
        "good": True,
        "violations": [],
    }
    assert file_hashes(made) == before


def test_foreign_file_is_only_reported(voicemill: InThisProcess, made: Path) -> None:
    """A foreign file among the outputs is reported, does not count as damage, and is kept by a repair."""
    (made / "audio/mine.wav").touch(0o600)
    ended = voicemill("verify", made, "--repair")
    assert (ended.code, ended.stdout.splitlines()[0]) == (0, "stranger: audio/mine.wav: voicemill did not write it")
    assert (made / "audio/mine.wav").exists()


def test_damage_is_reported_and_repaired(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """Damaged files and tables are made again without calls, except files whose answers are damaged too."""
    before = file_hashes(made)
    for name in ("row-0000.wav", "row-0001.wav"):
        _flip(made / "audio" / name)
    (made / "audio/row-0002.wav").unlink()
    _flip(_answer_to(made, "row-0001"))
    _flip(_answer_to(made, "row-0003"))
    _flip(made / "metadata.csv")
    ended = voicemill("verify", made)
    assert ended.code == 1
    assert ended.stdout.count("\nfile: ") + ended.stdout.startswith("file: ") == 3
    assert "6 problems found; restore with voicemill verify --repair" in ended.stdout
    repaired = voicemill("verify", made, "--repair")
    assert repaired.code == 0, repaired.stdout
    assert service.requested == ["Sentence number 1."]
    assert {name: digest for name, digest in file_hashes(made).items() if name.startswith("audio/")} == {
        name: digest for name, digest in before.items() if name.startswith("audio/")
    }
    assert [item["status"] for item in items(made)] == ["done"] * 4 + ["refused", "failed"]
    kept = [path.name.partition("-")[2] for path in (made / ".voicemill/damaged").iterdir()]
    assert sorted(kept) == ["metadata.csv", "row-0000.wav", "row-0001.wav"]


def test_damaged_table_is_rebuilt(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """Without its table the folder is rebuilt from the answers, with calls only for rows without one."""
    _flip(made / "items.parquet")
    assert voicemill("verify", made, "--repair").code == 0
    assert set(service.requested) == {"Sentence number 4.", "Sentence number 5."}
    assert [item["status"] for item in items(made)] == ["done"] * 4 + ["refused", "failed"]


def test_repair_needs_no_manifest(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """A repair works without the manifest."""
    Path("book.csv").unlink()
    shutil.rmtree(made / "audio")
    assert voicemill("verify", made, "--repair").code == 0
    assert service.requested == []
    assert len(list((made / "audio").iterdir())) == 4
