"""Simulated sites to measure on, made once and kept."""

import shutil
from pathlib import Path

from bench import measure
from earlybell.tables import BY_NAME
from earlybell.tables.sql import connect, parquet
from earlybell.tables.store import FACTS, files


def site(folder: Path, learners: int, events: int) -> Path:
    """The canonical tables of a site of so many learners with so many events each.

    It has ten finished course runs and one that is under way.
    """
    out = folder / f"site-{learners}-{events}"
    if not (out / FACTS).exists():  # written last: what lacks it is not whole
        shutil.rmtree(out, ignore_errors=True)
        measure.run("simulate", out, f"learners={learners},courses=5,runs=2,events={events}")
    return out


def count(site: Path, table: str) -> int:
    """Rows of one table."""
    row = connect().execute(f"SELECT count(*) FROM {parquet(files(site, BY_NAME[table]))}").fetchone()
    return int(row[0]) if row else 0
