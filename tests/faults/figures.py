"""The figures that `make kills` publishes."""

import json
from collections.abc import Mapping
from pathlib import Path

FIGURES = Path(__file__).with_name("figures.json")


def publish(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Write figures into `figures.json`, beside those that other tests have put there."""
    published = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps(published | dict(figures), indent=2, sort_keys=True) + "\n")
