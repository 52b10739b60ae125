"""What a training learns from and by, as two digests: the same basis gives the same model, and is trained once."""

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from earlybell import __version__
from earlybell.bundle import Bundle
from earlybell.bundle.evaluation import RubricFacts
from earlybell.bundle.manifest import Policy
from earlybell.extensions import installed
from earlybell.gates import Gates, read_verdict
from earlybell.predict import open_tables
from earlybell.tables import TABLES

_ENDED = "SELECT DISTINCT course_id FROM outcomes"  # all else gives no example with the label of outcomes
_EVERY = "SELECT course_id FROM courses"


class Basis(Struct, frozen=True):
    """Digests of the records and of the settings of a training; empty: not known, and the same as no other."""

    data: str = ""
    settings: str = ""

    def same(self, other: "Basis") -> bool:
        """Whether both are known, and no training of the one could differ from that of the other."""
        return bool(self.data and self.settings) and self == other


def basis_of(bundle: Bundle, tables: Path) -> Basis:
    """The basis of a sealed bundle and of the tables that it was trained on."""
    verdict = read_verdict(bundle.path)
    gates = verdict.gates if verdict else Gates()
    label = bundle.manifest.label
    return Basis(
        records_digest(tables, label), settings_digest(label, bundle.manifest.settings, gates, bundle.evaluation.rubric)
    )


def settings_digest(label: str, policy: Policy, gates: Gates, rubric: RubricFacts | None = None) -> str:
    """Of what decides a model beside its data; another version of Earlybell, or of an extension, may make another."""
    of_rubric = (rubric.version, rubric.threshold) if rubric and label == "rubric" else None
    parts = {"code": __version__, "label": label, "policy": policy, "gates": gates, "rubric": of_rubric}
    parts["extensions"] = installed()
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def records_digest(tables: Path, label: str) -> str:
    """Of the records that a training on canonical tables learns from; their order does not count.

    Of the label `outcome` these are the records of course runs with outcomes: what arrives every night of a run under
    way makes no other model. Protected attributes are no input, and do not count either. The digest is DuckDB's own
    hash: another version of DuckDB comes with another of Earlybell, which counts as other settings.
    """
    connection = open_tables(tables)
    connection.execute(f"CREATE TEMP TABLE learned AS {_ENDED if label == 'outcome' else _EVERY}")
    connection.execute(
        "CREATE TEMP VIEW work AS SELECT assessment_id FROM assessments SEMI JOIN learned USING (course_id)"
    )
    digest = hashlib.sha256()
    for table in TABLES:
        within = {"course_id": "learned", "assessment_id": "work"}
        key = next((key for key in within if key in table.names), None)
        if key is None:
            continue
        records = f"(FROM {table.name} SEMI JOIN {within[key]} USING ({key})) AS record"
        row = connection.execute(f"SELECT count(*), sum(hash(record)) FROM {records}").fetchone()
        digest.update(f"{table.name} {row}\n".encode())
    connection.close()
    return digest.hexdigest()
