"""Snapshots of the tables that a model was trained on, by their digest."""

import shutil
from pathlib import Path

from earlybell.errors import SourceError
from earlybell.tables import read_facts, tables_digest
from earlybell.whole import written_whole


def keep(tables: Path, home: Path) -> Path:
    """Keep the tables of a run under `home`, once for each content; the folder `tables/DIGEST`."""
    kept = home / "tables" / str(read_facts(tables)["digest"])
    if not kept.exists():
        with written_whole(kept) as part:
            shutil.copytree(tables, part)
    return kept


def find(digest: str, home: Path) -> Path:
    """The snapshot of that digest.

    Raises:
        SourceError: there is none, or a file in it has changed since.
    """
    kept = home / "tables" / digest
    if not kept.is_dir():
        raise SourceError("no snapshot of the tables", str(kept), "Name the home of the run by EARLYBELL_HOME.")
    if tables_digest(kept) != digest:
        raise SourceError("a snapshot has changed since it was kept", str(kept), "Take it from your backup.")
    return kept
