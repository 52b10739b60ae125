"""What evaluation.json says of the data: where it came from, what is in it, who was helped, how long things took."""

from pathlib import Path

import numpy as np

from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle import Catalogue
from earlybell.bundle.evaluation import CourseRun, Data, Helped, MissingValues
from earlybell.predict import open_tables
from earlybell.tables import read_facts

NOT_BY_RUN = "A split by course run is not possible {why}: figures are of learners left out."
TREATMENT = (
    "Training treats their weeks like all others: they count, with the end that these learners had, help included. "
    "Where help worked, the risk of learners like them is too low for one who gets none."
)
_HELPED = """
    SELECT course_id, learner_id, kind FROM interventions JOIN courses USING (course_id)
    WHERE shown_at >= starts_at AND (shown_at <= ends_at OR ends_at IS NULL)"""
_LATE = {
    "last_activity": "SELECT course_id, learner_id, max(occurred_at) FROM events GROUP BY ALL",
    "outcome": "SELECT course_id, learner_id, max(decided_at) FROM outcomes GROUP BY ALL",
}


def data_facts(tables: Path, examples: Examples, by_run: bool, why: str = "with one course run") -> Data:
    """The part `data` of evaluation.json.

    Args:
        by_run: course runs could be left out; where not, a note says so, and why.
    """
    facts = read_facts(tables)
    notes = [*facts.get("notes", [])]
    if not by_run:
        notes.append(NOT_BY_RUN.format(why=why))
    courses = np.unique(examples.course_id)
    return Data(
        sources=tuple(facts.get("sources", [])),
        digest=facts.get("digest", ""),
        learners=len(np.unique(examples.learner)),
        moments=len(examples),
        course_runs=tuple(_run(str(course), examples.where(examples.course_id == course)) for course in courses),
        helped=_helped(tables, examples),
        notes=tuple(notes),
    )


def days_left(tables: Path, examples: Examples) -> dict[str, Floats]:
    """Days (n,) from each moment to the learner's `last_activity` and `outcome` in the run; NaN for none.

    Negative where it was before the moment.
    """
    keys = list(zip(examples.course_id, examples.learner_id, strict=True))
    connection, found = open_tables(tables), {}
    for name, select in _LATE.items():
        known = {(course, learner): at for course, learner, at in connection.execute(select).fetchall()}
        at = np.array([known.get(key) for key in keys], dtype="datetime64[us]")
        found[name] = np.asarray((at - examples.as_of) / np.timedelta64(1, "D"), dtype=np.float64)
    return found


def missing_values(shares: dict[str, float], catalogue: Catalogue) -> tuple[MissingValues, ...]:
    """Features with the share of training rows that had no value, the largest first."""
    titles = {feature.name: feature.title for feature in catalogue.features}
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return tuple(MissingValues(name, titles[name], share) for name, share in ordered)


def _run(course: str, examples: Examples) -> CourseRun:
    _, first = np.unique(examples.learner, return_index=True)
    base_rate = round(float(examples.label[first].mean()), 4)
    return CourseRun(course_id=course, learners=len(first), moments=len(examples), base_rate=base_rate)


def _helped(tables: Path, examples: Examples) -> Helped:
    """Learners of the examples who were shown help during their run: how many, how many by kind, and what of it."""
    taught = set(zip(examples.course_id, examples.learner_id, strict=True))
    by_kind: dict[str, set[str]] = {}
    for course, learner, kind in open_tables(tables).execute(_HELPED).fetchall():
        if (course, learner) in taught:
            by_kind.setdefault(kind, set()).add(learner)
    kinds = {kind: len(learners) for kind, learners in sorted(by_kind.items())}
    return Helped(len(set().union(*by_kind.values())), kinds, TREATMENT)
