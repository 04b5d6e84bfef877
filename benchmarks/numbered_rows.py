"""A manifest of numbered rows, for measurements by the number of rows."""

import csv
from pathlib import Path


def write_numbered_rows(folder: Path, rows: int) -> Path:
    """Write `manifest.csv` with `rows` rows, each with another short text, and return its path."""
    path = folder / "manifest.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("id", "transcript", "note"))
        lines.writerows((f"r{number:08d}", f"Utterance number {number}.", number % 7) for number in range(rows))
    return path
