"""A migrated Prefect database without runs. Migrating one takes 13 s of CPU, starting a server with a copy two."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

_MIGRATION = """\
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""
_NAME = "prefect.db"


def copy_migrated_database(home: Path, shared: Path) -> None:
    """Copy the database into a Prefect home. The first process that needs it creates it in the folder `shared`."""
    migrated = shared / "prefect-migrated"
    with (shared / "prefect-migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not migrated.exists():
            _migrate(shared / "prefect-migrating").rename(migrated)
    with (
        closing(sqlite3.connect(migrated / _NAME)) as original,
        closing(sqlite3.connect(home / _NAME)) as copy,
    ):
        original.backup(copy)


def _migrate(home: Path) -> Path:
    home.mkdir()
    subprocess.run([sys.executable, "-c", _MIGRATION], env=os.environ | {"PREFECT_HOME": str(home)}, check=True)
    return home
