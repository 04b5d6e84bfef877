"""How large campaigns are, and what they publish.

`FAULTS=1` is the nightly size, whose figures are published; `FAULTS=0.1` a tenth of it. Without `FAULTS` a campaign has
the size that `make test` has the time for.
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

CREWS = 5 if SHARE else 1
"""How many share the longest campaigns, each with lots of its own, so that several processes can be at work on one."""

Figures = Mapping[str, float | str]


def size(*, nightly: int, usual: int) -> int:
    """How many of something a campaign does."""
    return max(usual, round(nightly * SHARE))


@dataclass
class Report:
    """Where a campaign says its figures."""

    say: Callable[[str], None]

    def __call__(self, campaign: str, figures: Figures) -> None:
        """Say one line, and publish it where the campaign had its full size."""
        self.say(f"{campaign}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items()))
        if IS_NIGHTLY:
            publish(campaign, figures)


def publish(campaign: str, figures: Figures) -> None:
    """Write figures into `figures.json`, beside those of other campaigns, which may come to their ends meanwhile."""
    with FIGURES.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        published = json.load(file) | {campaign: dict(figures)}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(published, indent=2, sort_keys=True) + "\n")
