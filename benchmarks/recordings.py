"""Runs over human recordings, for the voice change and infill benchmarks."""

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from voicemill.engine.choice import ENGINE_VARIABLE, EngineChoice

SPEECH = Path("../shared/speech")
"""Recordings with a `transcripts.csv` (file_name, transcript); without them there is nothing to measure."""

COMMAND = [sys.executable, "-c", "from voicemill.cli import main; main()", "run"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording and its transcript."""

    path: Path
    text: str


def human_recordings(folder: Path) -> list[Spoken]:
    """The recordings of a folder. Exits the program if there are none."""
    try:
        with (folder / "transcripts.csv").open(newline="", encoding="utf-8") as file:
            return [Spoken(folder / row["file_name"], row["transcript"]) for row in csv.DictReader(file)]
    except FileNotFoundError:
        sys.exit(f"{folder} holds no transcripts.csv; give a folder of recordings")


def run(
    rows: Sequence[dict[str, Any]], folder: Path, *options: str, engine: EngineChoice = "auto"
) -> dict[str, dict[str, Any]]:
    """Run a manifest of `rows` on an embedded engine; its items by id, each with the `path` of its file."""
    manifest, results = folder / f"{engine}.csv", folder / engine
    with manifest.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*rows[0]])
        table.writeheader()
        table.writerows(rows)
    command = [*COMMAND, str(manifest), "-o", str(results), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {ENGINE_VARIABLE: engine})
    items = pd.read_parquet(results / "items.parquet").to_dict("records")
    return {
        str(item["id"]): {**{str(name): value for name, value in item.items()}, "path": results / item["file_name"]}
        for item in items
    }
