"""The audit of a results folder: no violation in an intact one, and every damaged byte found."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.figures import SEED, Report, size
from tests.flows.commands import InThisProcess
from tests.flows.results import short_rows, write_manifest
from tests.flows.speech_service import speech_service
from tests.hostile_speech import error_reply
from voicemill import run
from voicemill.errors import ExitCode
from voicemill.pipeline.audit import Kind, Violation, audit


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with WAV, MP3 and raw files and one refused row."""
    home = tmp_path_factory.mktemp("delivered")
    rows = [row | {"container": "wav"} for row in short_rows(9)]
    rows[3]["container"], rows[4]["container"] = "mp3", "raw"
    write_manifest(home / "book.csv", rows)
    with speech_service() as service:
        service.replies[rows[5]["transcript"]] = error_reply(400, "No", "Not this")
        assert run(home / "book.csv", home / "book").exit_code == ExitCode.SOME_REFUSED
    return home / "book"


@pytest.fixture
def folder(delivered: Path, tmp_path: Path) -> Path:
    """A copy of the results folder that a test may damage."""
    return Path(shutil.copytree(delivered, tmp_path / "book"))


def _kinds(found: list[Violation]) -> set[tuple[Kind, str]]:
    return {(violation.kind, violation.where) for violation in found}


def test_intact_folder_has_no_violations(delivered: Path) -> None:
    """The audit of a finished run finds nothing."""
    assert audit(delivered) == []


def test_every_flipped_bit_is_found(delivered: Path, report: Report) -> None:
    """A single flipped bit in any delivered file, answer or table is reported for that file."""
    kept = sorted(path for path in delivered.rglob("*") if path.is_file() and ".voicemill" not in path.parts)
    dice, flips = random.Random(SEED), size(nightly=1000, usual=60)
    victims = [*kept, *dice.choices(kept, k=flips)][:flips]
    for victim in victims:
        name = victim.relative_to(delivered).as_posix()
        assert name in _found_with_a_flipped_bit(delivered, victim, dice)
    assert audit(delivered) == []
    victims_in = Counter(victim.relative_to(delivered).parts[0] for victim in victims)
    in_answers, in_files = victims_in["answers"], victims_in["audio"]
    in_tables = flips - in_answers - in_files
    report(
        "bit_flips",
        {"flips": flips, "found": flips, "in_answers": in_answers, "in_files": in_files, "in_tables": in_tables},
    )


def _found_with_a_flipped_bit(delivered: Path, victim: Path, dice: random.Random) -> set[str]:
    """The paths that the audit reports while one bit of a file is flipped."""
    before = victim.read_bytes()
    bit = dice.randrange(len(before) * 8)
    content = bytearray(before)
    content[bit // 8] ^= 1 << bit % 8
    victim.write_bytes(content)
    try:
        found = audit(delivered)
    finally:
        victim.write_bytes(before)
    return {violation.where for violation in found if not violation.is_note}


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _rename_column(path: Path, name: bytes = b"container") -> None:
    path.write_bytes(path.read_bytes().replace(name, name.replace(b"i", b"1")))


def _rename_later_column(path: Path) -> None:
    """Rename a column that tables of earlier versions do not have."""
    _rename_column(path, b"audio_track")


def _open_mode(path: Path) -> None:
    path.chmod(0o644)


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("name", "damage", "kind"),
    [
        ("audio/row-0000.wav", Path.unlink, Kind.FILE),
        ("audio/row-0001.wav", _truncate, Kind.FILE),
        ("audio/row-0002.wav", _replace_by_link, Kind.FILE),
        ("audio/row-0003.mp3", _open_mode, Kind.MODE),
        ("audio/.0123456789ab-row-0000.wav.partial", Path.touch, Kind.PARTIAL),
        ("audio/mine.wav", Path.touch, Kind.STRANGER),
        ("answers/00/notes.txt", Path.touch, Kind.STRANGER),
        ("metadata.csv", Path.unlink, Kind.TABLE),
        ("items.parquet", _truncate, Kind.TABLE),
        ("items.parquet", _rename_column, Kind.TABLE),
        ("items.parquet", _rename_later_column, Kind.TABLE),
        ("run.json", _truncate, Kind.TABLE),
        (".voicemill/plan.parquet", _truncate, Kind.TABLE),
        (".voicemill/plan.parquet", _rename_column, Kind.TABLE),
        (".voicemill/parts", Path.mkdir, Kind.UNFINISHED),
    ],
)
def test_damage_is_reported(folder: Path, name: str, damage: Callable[[Path], None], kind: Kind) -> None:
    """Each kind of damage is reported for its file; unknown files and open modes are only notes."""
    (folder / name).parent.mkdir(mode=0o700, exist_ok=True)
    damage(folder / name)
    found = audit(folder)
    assert (kind, Path(name).name if kind is Kind.TABLE else name) in _kinds(found)
    assert all(violation.is_note == (violation.kind in (Kind.MODE, Kind.STRANGER)) for violation in found)


def test_answer_stored_under_another_key_is_found(folder: Path) -> None:
    """An intact answer in the file of another call is a violation."""
    one, other, *_ = sorted((folder / "answers").rglob("*.answer"))
    shutil.copyfile(one, other)
    assert _kinds(audit(folder)) == {(Kind.ANSWER, other.relative_to(folder).as_posix())}


def test_plan_of_other_rows_is_reported_row_by_row(voicemill: InThisProcess, folder: Path, tmp_path: Path) -> None:
    """If the plan and the table have different rows, the audit reports each of them."""
    write_manifest(tmp_path / "other.csv", short_rows(2))
    with speech_service():
        assert voicemill("run", tmp_path / "other.csv", "-o", tmp_path / "other").code == 0
    shutil.copyfile(tmp_path / "other/.voicemill/plan.parquet", folder / ".voicemill/plan.parquet")
    found = audit(folder)
    assert {violation.kind for violation in found} == {Kind.ROW}
    assert len(found) == 7  # the first two rows are equal


def test_empty_folder_is_unfinished(tmp_path: Path) -> None:
    """The audit of an empty folder reports it as unfinished."""
    assert [violation.kind for violation in audit(tmp_path)] == [Kind.UNFINISHED]
