"""Matplotlib for pictures that are committed: the same figures make the same bytes."""

from pathlib import Path
from types import ModuleType
from typing import Any


def pyplot() -> ModuleType:
    """Pyplot, which draws SVG with reproducible ids."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "voicemill"
    from matplotlib import pyplot as plt

    return plt


def save(figure: Any, path: Path) -> None:
    """Write a figure without the date."""
    figure.savefig(path, metadata={"Date": None})
