"""What the fault injection campaigns counted, from the figures that they publish."""

import json
import operator
import re
from pathlib import Path

from docs.reference_pages.markdown import table

FIGURES = Path(__file__).parents[2] / "tests" / "faults" / "figures.json"

Counts = dict[str, dict[str, float]]


def page() -> str:
    """One line for each campaign."""
    rows = [(name.replace("_", " "), _in_words(counts)) for name, counts in totals().items()]
    return table(["campaign", "counts"], rows)


def totals() -> Counts:
    """The counts of each campaign; those of processes that shared one are added up."""
    campaigns: Counts = {}
    for name, counts in json.loads(FIGURES.read_text(encoding="utf-8")).items():
        campaign = campaigns.setdefault(re.sub(r"_\d+$", "", name), {})
        for what, count in counts.items():
            if "_per_" not in what:
                add = max if what.endswith("_at_most") else operator.add
                campaign[what] = add(campaign.get(what, 0), count)
    return campaigns


def _in_words(counts: dict[str, float]) -> str:
    return ", ".join(f"{what.replace('_', ' ')} {count:,}" for what, count in counts.items())
