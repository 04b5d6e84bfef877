"""A migrated Prefect database without runs. Migrating one takes 9 s of CPU, starting a server with a copy two."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

# Queries run in the thread of the event loop: a thread for each connection would take a third more CPU time.
_MIGRATION = """\
import asyncio
from aiosqlite.core import Connection
from prefect.server.database import provide_database_interface

async def connect(self):
    self._connection = self._connector()
    return self

async def execute(self, function, *arguments, **options):
    return function(*arguments, **options)

Connection._connect, Connection._execute = connect, execute
asyncio.run(provide_database_interface().create_db())
"""
_NAME = "prefect.db"


def copy_migrated_database(home: Path, shared: Path) -> None:
    """Copy the database into a Prefect home that has none. The first process that needs it creates it in `shared`."""
    migrated = shared / "prefect-migrated"
    with (shared / "prefect-migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not migrated.exists():
            _migrate(shared / "prefect-migrating").rename(migrated)
        if (home / _NAME).exists():
            return
        home.mkdir(exist_ok=True)
        with (
            closing(sqlite3.connect(migrated / _NAME)) as original,
            closing(sqlite3.connect(home / _NAME)) as copy,
        ):
            original.backup(copy)


def _migrate(home: Path) -> Path:
    home.mkdir()
    subprocess.run([sys.executable, "-c", _MIGRATION], env=os.environ | {"PREFECT_HOME": str(home)}, check=True)
    return home
