"""Mutated manifests: every row is good, a problem or empty, and none is merged with another."""

import os
from pathlib import Path

import pytest

from tests.fuzz.manifest_campaign import ROWS, Figures, run_campaign
from tests.fuzz.test_fuzz import publish

FILES = round(float(os.environ.get("FUZZ", "1")) * 10_000)


def all_accounted_for(figures: Figures) -> None:
    """No file ended in anything but rows and problems, and most could be read."""
    assert figures.failures == []
    assert figures.unaccounted == 0
    assert figures.rows > figures.files * ROWS / 2
    assert min(figures.outcomes[kind] for kind in ("good", "problems")) > 0


def test_some_mutated_manifests(tmp_path: Path) -> None:
    """Some hundreds of CSV, TSV, JSONL and Parquet files."""
    all_accounted_for(run_campaign(tmp_path, 300, seed=1))


@pytest.mark.fuzz
def test_ten_thousand_mutated_manifests(tmp_path: Path) -> None:
    """The figures are published."""
    figures = run_campaign(tmp_path, FILES, seed=2026)
    all_accounted_for(figures)
    counted = {"files": figures.files, "unreadable": figures.unreadable, "rows": figures.rows}
    publish(
        "manifests", counted | {"rows_by_outcome": dict(figures.outcomes), "rows_unaccounted_for": figures.unaccounted}
    )
