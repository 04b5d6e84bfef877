"""A migrated Prefect database without runs. Migrating one takes 9 s of CPU, starting a server with a copy two."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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
_MIGRATED = "prefect-migrated"
_MIGRATING = "prefect-migrating"


def copy_migrated_database(home: Path, shared: Path) -> None:
    """Copy the database into a Prefect home that has none. The first process that needs it creates it in `shared`."""
    with _locked(shared):
        if not (shared / _MIGRATED).exists():
            _migrate(shared / _MIGRATING)
            _keep(shared)
        if not (home / _NAME).exists():
            _copy(shared / _MIGRATED, home)


@contextmanager
def shared_migration(shared: Path) -> Iterator[Callable[[Path], None]]:
    """Let other processes wait for a migrated database, and yield a function that gives them that of a Prefect home.

    They get a copy without the home's runs: migrating another database would take 11 s of CPU.
    """

    def share(home: Path) -> None:
        if not (shared / _MIGRATED).exists():
            _copy(home, shared / _MIGRATING)
            _delete_rows(shared / _MIGRATING / _NAME)
            _keep(shared)

    with _locked(shared):
        yield share


@contextmanager
def _locked(shared: Path) -> Iterator[None]:
    with (shared / "prefect-migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep(shared: Path) -> None:
    (shared / _MIGRATING).rename(shared / _MIGRATED)


def _copy(home: Path, other: Path) -> None:
    other.mkdir(exist_ok=True)
    with closing(sqlite3.connect(home / _NAME)) as original, closing(sqlite3.connect(other / _NAME)) as copy:
        original.backup(copy)


def _delete_rows(database: Path) -> None:
    """Delete all rows; a new database has none, except the number of its last migration."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            if table != "alembic_version":
                connection.execute(f'delete from "{table}"')


def _migrate(home: Path) -> None:
    home.mkdir()
    subprocess.run([sys.executable, "-c", _MIGRATION], env=os.environ | {"PREFECT_HOME": str(home)}, check=True)
