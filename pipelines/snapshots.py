"""Snapshots of the tables that a model was trained on, by their digest."""

import shutil
from pathlib import Path

from earlybell.errors import SourceError
from earlybell.tables import read_facts, tables_digest
from earlybell.whole import written_whole


def keep(tables: Path, home: Path) -> Path:
    """Keep the tables of a run under `home`, once for each content; the folder `tables/DIGEST`."""
    snapshot = home / "tables" / str(read_facts(tables)["digest"])
    if not snapshot.exists():
        with written_whole(snapshot) as part:
            shutil.copytree(tables, part)
    return snapshot


def find(digest: str, home: Path) -> Path:
    """The snapshot of that digest.

    Raises:
        SourceError: there is none, or a file in it has changed since.
    """
    snapshot = home / "tables" / digest
    if not snapshot.is_dir():
        raise SourceError("no snapshot of the tables", str(snapshot), "Name the home of the run by EARLYBELL_HOME.")
    if tables_digest(snapshot) != digest:
        raise SourceError("a snapshot has changed since it was kept", str(snapshot), "Take it from your backup.")
    return snapshot
