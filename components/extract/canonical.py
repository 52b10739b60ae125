"""The source `tables:DIR`: a folder of canonical tables, as Parquet or CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.extract.reading import DELIMITERS, Origin, find, folder_of
from components.extract.sifting import read_sifted
from components.extract.staging import Extracted, Relation, Staging
from earlybell.errors import SourceError
from earlybell.tables import BY_NAME, TABLES
from earlybell.tables.pseudonyms import KEY_VARIABLE, check_same_key
from earlybell.tables.store import FACTS, checked_facts, read_facts


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read a folder of canonical tables; any of them may be missing, as another source may have it.

    Where the folder has a `tables.json` it was written by Earlybell: several files of a table are its parts, and ids
    that are pseudonymous already stay as they are. Without one every file counts by itself, and ids are raw.

    Raises:
        SourceError: there is no table or a file cannot be read, or too large a share of its rows is bad, or the tables
            have changed since Earlybell wrote them.
        SettingError: ids are to be pseudonymous and there is no usable key, or they are so by another key.
    """
    folder = folder_of(source, place).resolve()  # a sync puts another in its place while this one is read
    if not any(find(folder, table) for table in TABLES):
        names = ", ".join(table.name for table in TABLES)
        raise SourceError(f"{source} has no canonical table", str(folder), f"Tables are {names}: .parquet or .csv.")
    facts = read_facts(folder) if (folder / FACTS).exists() else {}
    if "digest" in facts:
        checked_facts(folder)
    hashed = facts.get("ids") != "pseudonymous"
    if not hashed:
        _check_key(staging, source, facts)
    origin = Origin(source, folder, disjoint=bool(facts), delimiters=DELIMITERS, ours=bool(facts))
    sifted = read_sifted(staging, origin, TABLES, learner="learner_id", hashed=hashed, linked=False)
    if not facts:
        _note_unread(staging, source, folder)
    relations = {name: _masked(staging, name, relation) for name, relation in sifted.items()}
    return Extracted(source, relations, not hashed or staging.ids == "pseudonymous", facts)


def _check_key(staging: Staging, source: str, facts: Mapping[str, Any]) -> None:
    check_same_key({source: facts.get("key"), KEY_VARIABLE: staging.fingerprint})
    if not facts.get("key"):
        staging.notes.add(f"{source}: its tables.json does not say with which key its ids were made pseudonyms.")


def _masked(staging: Staging, name: str, relation: Relation) -> Relation:
    if "learner_id" not in BY_NAME[name].names:
        return relation
    view = f"{relation.name}_masked"
    staging.sql(f"CREATE VIEW {view} AS SELECT * REPLACE (masked(learner_id) AS learner_id) FROM {relation.name}")
    return Relation(view, relation.units)


def _note_unread(staging: Staging, source: str, folder: Path) -> None:
    names = {path.name for table in TABLES for path in [*find(folder, table), folder / table.name]}
    unread = sorted(path.name for path in folder.iterdir() if path.name not in names)
    if unread:
        staging.notes.add(f"{source}: not a canonical table, and not read: {', '.join(unread)}.")
