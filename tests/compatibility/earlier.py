"""An unpacked results folder of an earlier version, and what is read from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.results import file_hashes


class Requests(list[tuple[str, str]]):
    """The method and path of each request."""

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Those that ask for speech or text; the others list voices."""
        return [(method, path) for method, path in self if method != "GET"]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The folder that holds manifests, inputs and results, and what `make_folder.py` noted about them."""

    folder: Path
    made: dict[str, Any]

    @property
    def book(self) -> Path:
        """The results of a manifest with every operation."""
        return self.folder / "results/book"

    @property
    def texts(self) -> Path:
        """The results of a folder of text files."""
        return self.folder / "results/texts"

    def rows_by_status(self, results: Path) -> dict[str, int]:
        """How many rows ended how, in the run that made `results`."""
        rows: dict[str, int] = self.made["summaries"][results.name]["rows"]
        return rows


def delivered(results: Path) -> dict[str, str]:
    """SHA-256 of each file that was made for a row, by its path."""
    return {path: digest for path, digest in file_hashes(results).items() if path.startswith(("audio/", "text/"))}
