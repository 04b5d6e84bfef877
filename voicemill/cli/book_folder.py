"""The argument of commands that work on a book folder."""

from pathlib import Path
from typing import Annotated

import typer

BookFolder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="A folder that `voicemill book import` wrote.", show_default=False),
]
