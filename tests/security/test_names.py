"""No hostile id or output name creates a file outside the results folder."""

import json
import os
import random
from pathlib import Path

from tests.faults.figures import SEED, Report, size
from tests.manifest.read_manifest import VOICES
from voicemill.config import Settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck
from voicemill.manifest.file_names import file_stem
from voicemill.model import Row
from voicemill.store.output_folder import OutputFolder, OutputRefused

_PATHS = [
    "..",
    "../..",
    "/",
    "//",
    "\\",
    "..\\",
    "/etc/passwd",
    "C:",
    "C:\\x",
    "\\\\host\\share",
    "CON",
    "nul.wav",
    "~",
]
_PATHS += ["~root", "$HOME", "%2e%2e%2f", "..%c0%af", "．．／", "a/" * 60, "x" * 300, "/proc/self/environ", "/dev/null"]
_SIGNS = [
    "\u202e",
    "\u200b",
    "\x00",
    "\n",
    "\r",
    "\x1b[2J",
    "\x7f",
    "\x00/..",
    ".",
    "...",
    " ",
    "-rf",
    "a",
    "b",
    "é",
    "e\u0301",
]
_SIGNS += ["ﬀ", "😀", "{id}", "{row}", "{title}", "{id!r}", "{id.__class__}", "{0}", "{", "}"]
_OURS = ["link", "link/x", "audio", "../audio", ".voicemill/lock", "answers", "items.parquet", ".partial", ".a.partial"]
_OURS += ["a.wav", "a.sh", "a.wav/../../b", "aux.", "lpt1 "]
_PARTS = [*_PATHS, *_SIGNS, *_OURS]
_BATCH = 500


def test_hostile_names(tmp_path: Path, report: Report) -> None:
    """Each row with a hostile id, output name or template is refused or has its file in `audio`."""
    dice = random.Random(SEED)
    wanted, delivered, refused = size(nightly=10_000, usual=1000), 0, 0
    results, outside = tmp_path / "sandbox" / "results", tmp_path / "sandbox" / "outside"
    (results / "audio").mkdir(parents=True)
    (results / ".voicemill").mkdir()
    outside.mkdir()
    (results / "audio" / "link").symlink_to(outside)
    outputs = OutputFolder(results, results / ".voicemill" / "written.log")
    for batch in range(wanted // _BATCH):
        for row in _accepted(tmp_path / "names.jsonl", batch, dice):
            assert row.file_name.startswith("audio/")
            assert row.file_name.endswith(".wav")
            try:
                outputs.deliver_bytes(row.file_name, row.id.encode("utf-8", "surrogatepass"))
                delivered += 1
            except OutputRefused:
                refused += 1
    _assert_all_inside(tmp_path)
    assert delivered > wanted / 100
    report(
        "hostile_names",
        {"names": wanted, "delivered_inside": delivered, "refused_at_the_disk": refused, "escapes": 0},
    )


def test_distinct_ids_never_share_a_file(report: Report) -> None:
    """Ids that differ only in case or Unicode form have different files on every file system."""
    dice = random.Random(SEED)
    wanted = size(nightly=1_000_000, usual=20_000)
    letters = [
        "a",
        "A",
        "é",
        "e\u0301",
        "É",
        "ß",
        "ss",
        "ı",
        "I",
        "i",
        "K",
        "\u212a",
        "/",
        "_",
        " ",
        ".",
        "-",
        "0",
        "O",
    ]
    ids = {"".join(dice.choices(letters, k=dice.randint(3, 12))) for _ in range(wanted * 2)}
    chosen = sorted(ids)[:wanted]
    names = {file_stem(each).casefold() for each in chosen}
    assert len(names) == len(chosen) == wanted
    assert all(name.isascii() and 0 < len(name) <= 120 for name in names)
    report("generated_ids", {"ids": wanted, "collisions": 0})


def _accepted(manifest: Path, batch: int, dice: random.Random) -> list[Row]:
    """The valid rows of a manifest with hostile names."""
    with manifest.open("w") as file:
        for number in range(_BATCH):
            row = {"id": _name(dice), "transcript": "Hello.", "voice": "Anna", "title": _name(dice)}
            if dice.random() < 0.7:
                row["out"] = _name(dice)
            row["id"] = f"{row['id']}{batch}-{number}" if dice.random() < 0.8 else row["id"]
            file.write(json.dumps(row) + "\n")
    check = ManifestCheck(manifest, Settings(), VOICES)
    rows: list[Row] = []
    try:
        rows.extend(check)
    except ManifestError:
        return rows
    return rows


def _name(dice: random.Random) -> str:
    return "".join(dice.choices(_PARTS, k=dice.randint(1, 4)))


def _assert_all_inside(root: Path) -> None:
    allowed = {root / "names.jsonl", root / "sandbox" / "results" / ".voicemill" / "written.log"}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            assert path in allowed or path.is_relative_to(root / "sandbox" / "results" / "audio"), path
            assert path in allowed or path.suffix == ".wav", path
    assert list((root / "sandbox" / "outside").iterdir()) == []
