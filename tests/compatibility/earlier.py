"""An unpacked results folder of an earlier version, and its contents."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.results import file_hashes


class Requests(list[tuple[str, str]]):
    """The method and path of each request."""

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The requests for speech or text, without those that list voices."""
        return [(method, path) for method, path in self if method != "GET"]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The folder with manifests, inputs and results, and the facts that `make_folder.py` recorded."""

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
        """The number of rows by status in the run that made `results`."""
        rows: dict[str, int] = self.made["summaries"][results.name]["rows"]
        return rows


def delivered(results: Path) -> dict[str, str]:
    """The SHA-256 of each output file, by its path."""
    return {path: digest for path, digest in file_hashes(results).items() if path.startswith(("audio/", "text/"))}
