"""The size of campaigns and the figures that they publish.

`FAULTS=1` is the nightly size, whose figures are published; `FAULTS=0.1` is a tenth of it. Without `FAULTS` a campaign
has the small size that `make test` uses.
"""

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

FIGURES = Path(__file__).with_name("figures.json")
SHARE = float(os.environ.get("FAULTS", 0))
IS_NIGHTLY = SHARE >= 1
SEED = 20260101

PARTITIONS = 5 if SHARE else 1
"""How many tests a long campaign is split into, each with a different seed, so that several processes can run it."""

Figures = Mapping[str, float | str]


def size(*, nightly: int, usual: int) -> int:
    """How many times a campaign does something."""
    return max(usual, round(nightly * SHARE))


@dataclass
class Report:
    """Prints and publishes the figures of a campaign."""

    print_line: Callable[[str], None]

    def __call__(self, campaign: str, figures: Figures) -> None:
        """Print one line, and publish the figures if the campaign had its nightly size."""
        self.print_line(
            f"{campaign}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        )
        if IS_NIGHTLY:
            publish(campaign, figures)


def publish(campaign: str, figures: Figures) -> None:
    """Write a campaign's figures to `figures.json`, locked because other campaigns may finish at the same time."""
    with FIGURES.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        published = json.load(file) | {campaign: dict(figures)}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(published, indent=2, sort_keys=True) + "\n")
