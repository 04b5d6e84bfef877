"""Run the trial and write its table to `docs/api.md`: `python -m tests.sdks`."""

import sys
import tempfile
from pathlib import Path

from tests.sdks.table import show, table
from tests.sdks.trial import run_trial

with tempfile.TemporaryDirectory() as folder:
    found = table(run_trial(Path(folder)))
show(found)
sys.stdout.write(found)
