"""What makes a training the same as another: the records that it learns from, and what decides a model beside them."""

import shutil
from pathlib import Path

import pytest

from components import basis
from components.basis import basis_of, records_digest, settings_digest
from earlybell.bundle import read_bundle
from earlybell.bundle.evaluation import RubricFacts
from earlybell.bundle.manifest import Policy
from earlybell.extensions import Extension
from earlybell.gates import Gates
from earlybell.predict import open_tables
from earlybell.tables import BY_NAME
from earlybell.tables.sql import quoted
from earlybell.tables.store import files

UNDER_WAY = "(SELECT course_id FROM courses ANTI JOIN outcomes USING (course_id))"


def _changed(site: Path, out: Path, table: str, select: str) -> Path:
    """The site with one table as a query of all of them makes it."""
    shutil.copytree(site, out)
    for path in files(out, BY_NAME[table]):
        path.unlink()
    with open_tables(site) as connection:
        connection.execute(f"COPY ({select}) TO {quoted(out / f'{table}.parquet')} (FORMAT parquet)")
    return out


@pytest.mark.parametrize(
    ("table", "select"),
    [
        ("events", f"FROM events WHERE course_id NOT IN {UNDER_WAY}"),
        ("events", "FROM events ORDER BY occurred_at DESC"),
        ("learners", "SELECT * REPLACE ('F' AS gender) FROM learners"),
    ],
    ids=["a run under way", "another order", "protected attributes"],
)
def test_what_no_model_of_outcomes_learns_from_does_not_count(
    table: str, select: str, site: Path, tmp_path: Path
) -> None:
    assert records_digest(_changed(site, tmp_path / "site", table, select), "outcome") == records_digest(
        site, "outcome"
    )


def test_an_extension_that_is_installed_is_another_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings_digest("outcome", Policy(), Gates())
    monkeypatch.setattr(
        basis, "installed", lambda: (Extension("candidates", "more = more:ONE", "more", "1.0", "0" * 64),)
    )
    assert settings_digest("outcome", Policy(), Gates()) != plain


def test_a_label_of_the_rubric_learns_from_runs_under_way_too(site: Path, tmp_path: Path) -> None:
    changed = _changed(site, tmp_path / "site", "events", f"FROM events WHERE course_id NOT IN {UNDER_WAY}")
    assert records_digest(changed, "rubric") != records_digest(site, "rubric")


@pytest.mark.parametrize(
    ("table", "select"),
    [
        ("outcomes", "FROM outcomes ORDER BY ALL OFFSET 1"),
        ("outcomes", "SELECT * REPLACE (if(outcome = 'pass', 'fail', 'pass') AS outcome) FROM outcomes"),
        ("events", "FROM events WHERE component <> 'mod_quiz'"),
        ("events", "SELECT * REPLACE (occurred_at + INTERVAL 1 SECOND AS occurred_at) FROM events"),
        ("submissions", "SELECT * REPLACE (score / 2 AS score) FROM submissions"),
    ],
    ids=["a new outcome", "other outcomes", "lost events", "other times", "other scores"],
)
def test_what_a_model_learns_from_counts(table: str, select: str, site: Path, tmp_path: Path) -> None:
    assert records_digest(_changed(site, tmp_path / "site", table, select), "outcome") != records_digest(
        site, "outcome"
    )


RUBRIC = RubricFacts(version="1", threshold=0.5)


def test_settings_that_decide_a_model_count_and_a_rubric_where_it_is_the_label() -> None:
    digests = [
        settings_digest("outcome", Policy(), Gates()),
        settings_digest("rubric", Policy(), Gates(), RUBRIC),
        settings_digest("rubric", Policy(), Gates(), RubricFacts(version="1", threshold=0.6)),
        settings_digest("outcome", Policy(capacity=0.1), Gates()),
        settings_digest("outcome", Policy(), Gates(min_auc=0.7)),
    ]
    assert len(set(digests)) == len(digests)
    assert settings_digest("outcome", Policy(), Gates(), RUBRIC) == digests[0]


def test_a_bundle_has_the_basis_that_its_training_was_decided_by(bundle: Path, site: Path) -> None:
    basis = basis_of(read_bundle(bundle), site)
    assert basis.data == records_digest(site, "outcome")
    assert basis.settings == settings_digest("outcome", Policy(), Gates())
