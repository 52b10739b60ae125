"""The labels of learners at one moment, to measure a bundle by its own."""

import tempfile
from datetime import datetime
from pathlib import Path

from components.label.rubric import label_rubric
from components.label.scale import read_rubric
from earlybell.bundle.evaluation import RubricFacts
from earlybell.errors import SettingError
from earlybell.predict import create_moments, open_tables
from earlybell.tables.outcomes import bad_outcome
from earlybell.tables.sql import parquet, quoted

Labels = dict[tuple[str, str, datetime], int]  # by course run, learner and moment

_SELECTS = {
    "outcome": f"SELECT moment_id, {bad_outcome()} AS label FROM moments JOIN outcomes USING (course_id, learner_id)",
    "rubric": "SELECT moment_id, label FROM labels",
}


def known_labels(kind: str, tables: Path, as_of: str, rubric: Path | None = None) -> Labels:
    """The label of everybody who is enrolled as of a moment and has one.

    Args:
        kind: `outcome` or `rubric`.
        as_of: as `create_moments` takes it.
        rubric: a site's own rubric.yaml; ours without it.

    Raises:
        SettingError: no such kind, the rubric is wrong, or nobody is enrolled then.
        TrainingError: no moment has a rubric label.
    """
    if kind not in _SELECTS:
        raise SettingError("no such label", kind, f"Labels: {', '.join(_SELECTS)}.")
    connection = open_tables(tables)
    create_moments(connection, as_of)
    with tempfile.TemporaryDirectory(prefix="earlybell-") as temporary:
        if kind == "rubric":
            folder, labels = Path(temporary), Path(temporary) / "labels.parquet"
            connection.execute(f"COPY moments TO {quoted(folder / 'features.parquet')} (FORMAT parquet)")
            label_rubric(tables, folder, labels, rubric, alike=True)
            connection.execute(f"CREATE VIEW labels AS FROM {parquet(labels)}")
        select = f"SELECT course_id, learner_id, as_of, label FROM moments JOIN ({_SELECTS[kind]}) USING (moment_id)"
        rows = connection.execute(select).fetchall()
    return {(course, learner, at): label for course, learner, at, label in rows}


def check_rubric(facts: RubricFacts, rubric: Path | None) -> None:
    """
    Args:
        facts: what the evaluation says of the rubric that a bundle was trained with.

    Raises:
        SettingError: the rubric cannot be read, or is another than that.
    """
    scale = read_rubric(rubric)
    if (scale.version, scale.threshold) != (facts.version, facts.threshold):
        was = f"version {facts.version} with a threshold of {facts.threshold:g}"
        way_out = f"The bundle was trained with {was}: name its file by --rubric."
        other = f"version {scale.version}, threshold {scale.threshold:g}"
        raise SettingError("another rubric than the bundle's", other, way_out)
