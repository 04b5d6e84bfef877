"""`voicemill verify`: damage is told and, on demand, repaired, for no more calls than it takes."""

import shutil
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, short_rows, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply

_RESULTS = Path("results/book")


@pytest.fixture
def made(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> Path:
    """A folder of a run with four finished rows, one that was refused and one that failed."""
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


def test_a_good_folder(voicemill: InThisProcess, made: Path) -> None:
    """A folder in which nothing is damaged is good, whatever became of its rows, and is not touched."""
    before = file_hashes(made)
    ended = voicemill("verify", made)
    assert (ended.code, ended.stdout) == (0, f"{made}: no damage found in files, answers and tables.\n")
    assert voicemill("verify", made, "--repair", "--json").json == {
        "results": str(made),
        "good": True,
        "violations": [],
    }
    assert file_hashes(made) == before


def test_a_strangers_file_is_only_told(voicemill: InThisProcess, made: Path) -> None:
    """A file that somebody else put among the outputs is told, is no damage, and stays through a repair."""
    (made / "audio/mine.wav").touch(0o600)
    ended = voicemill("verify", made, "--repair")
    assert (ended.code, ended.stdout.splitlines()[0]) == (0, "stranger: audio/mine.wav: voicemill did not write it")
    assert (made / "audio/mine.wav").exists()


def test_damage_is_told_and_repaired(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """Damaged files and tables are made again for nothing; only a file whose answer is damaged too costs a call."""
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


def test_a_damaged_table_is_made_again(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """Without its table the folder is made again from the answers: only rows that have none are asked for."""
    _flip(made / "items.parquet")
    assert voicemill("verify", made, "--repair").code == 0
    assert set(service.requested) == {"Sentence number 4.", "Sentence number 5."}
    assert [item["status"] for item in items(made)] == ["done"] * 4 + ["refused", "failed"]


def test_what_the_manifest_gave_away(voicemill: InThisProcess, service: SpeechService, made: Path) -> None:
    """A repair needs no manifest."""
    Path("book.csv").unlink()
    shutil.rmtree(made / "audio")
    assert voicemill("verify", made, "--repair").code == 0
    assert service.requested == []
    assert len(list((made / "audio").iterdir())) == 4
