"""A short book spoken by the small engine, and the reading of delivered files by ffprobe."""

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

DETAILS: dict[str, Any] = {
    "title": "The Lamp",
    "author": "Ann Author",
    "narrator": "Sarah",
    "isbn": "978-1-106701-65-7",
}
CHAPTERS = {
    "open": ("Opening credits", "credits", "The Lamp. Written by Ann Author. Narrated by Sarah."),
    "one": (
        "The Lamp – 1",
        "chapter",
        "It was a dark night. The lamp stood there!\n\nThen the door opened. A man came in.",
    ),
    "two": ("Une Été", "chapter", "In the morning the lamp was gone. She looked for it everywhere & found it."),
    "close": ("Closing credits", "credits", "The end."),
}
"""Title, kind and text of each row by its id."""


def write_manifest(folder: Path) -> Path:
    """A folder with the manifest of the book, a `book.toml` without a title, and a cover; returns the manifest."""
    with (folder / "chapters.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "kind", "text"])
        writer.writerows([row_id, *columns] for row_id, columns in CHAPTERS.items())
    (folder / "book.toml").write_text('[book]\ntitle = ""\npublisher = "The Mill"\n')
    Image.new("RGB", (64, 64), "navy").save(folder / "cover.png")
    return folder / "chapters.csv"


def ffprobe(path: Path, *show: str) -> Any:
    """What ffprobe reads from a file; skips the test where it is not installed."""
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("ffprobe is not installed: an independent program cannot read the delivered files")
    shown = [f"-show_{name}" for name in show]
    command = [program, "-v", "error", "-of", "json", *shown, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def delivery_lines(folder: Path) -> list[dict[str, str]]:
    """The lines of `delivery.csv`."""
    with (folder / "delivery.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
