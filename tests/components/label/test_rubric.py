"""The rubric label: what it is made of, and that it is made of what comes after the moment alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

from components.label import label_rubric, scale
from earlybell.errors import TrainingError
from earlybell.tables import BY_NAME, SQL_TYPES

Labels = dict[str | int, int]
RunFolder = Callable[..., Path]
ChangeThePast = Callable[[Path, float, int], None]

OURS = yaml.safe_load(Path(scale.__file__).with_name("rubric.yaml").read_text())
AS_OF = "2024-01-22"
COURSE = "('c1', 'c', '2024-01-01', '2024-03-04', 'daily', 'UTC', 'sat,sun', NULL, NULL)"
DUE = {"w0": "2024-01-15", "w1": "2024-02-05", "w2": "2024-02-12"}
WORK = ", ".join(f"('{work}', 'c1', 'assignment', 'none', '{at}', 10, 100)" for work, at in DUE.items())


def _rubric(path: Path, derived: tuple[str, ...] | None = None, **changes: Any) -> Path:
    """Our rubric with changes; of its indicators only those of `derived` features are derived."""
    elements = OURS["elements"]
    if derived is not None:
        elements = [
            {**element, "indicators": [_only(i, derived) for i in element["indicators"]]} for element in elements
        ]
    path.write_text(yaml.safe_dump({**OURS, "elements": elements, **changes}))
    return path


def _only(indicator: dict[str, Any], derived: tuple[str, ...]) -> dict[str, Any]:
    if indicator.get("feature") in derived:
        return indicator
    return {key: indicator[key] for key in ("id", "title", "meaning")} | {"rated": True}


def _submitted(work: str, learner: str, at: str, attempt: int = 1) -> str:
    return f"('{work}', '{learner}', '{at}', NULL, {attempt}, 80, NULL)"


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """Writes tables of one course run with learners a, b, c … and their moment at `AS_OF`; returns the folder."""

    def write(learners: str = "abcd", events: str = "", submissions: str = "", ratings: str = "") -> Path:
        enrolments = ", ".join(f"('c1', '{learner}', '2024-01-01', NULL, 0)" for learner in learners)
        rows = {"courses": COURSE, "enrolments": enrolments, "assessments": WORK}
        last = f"('c1', '{learners[0]}', '2024-03-03 23:59:59', 'core', 'viewed', 'course', NULL, 1)"
        rows |= {"events": ", ".join(filter(None, [events, last])), "submissions": submissions, "ratings": ratings}
        connection = duckdb.connect()
        for name, values in rows.items():
            columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in BY_NAME[name].columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")
            if values:
                connection.execute(f"INSERT INTO {name} VALUES {values}")
            connection.execute(f"COPY {name} TO '{tmp_path}/{name}.parquet'")
        connection.execute(
            "COPY (SELECT row_number() OVER (ORDER BY learner_id) AS moment_id, course_id, learner_id, "
            f"TIMESTAMP '{AS_OF}' AS as_of FROM enrolments) TO '{tmp_path}/features.parquet'"
        )
        return tmp_path

    return write


def _label(folder: Path, rubric: Path | None, **more: Any) -> tuple[Labels, dict[str, Any]]:
    """Labels by learner of a folder of `run_folder`, and the facts."""
    out = folder / "labels.parquet"
    facts = label_rubric(folder, folder, out, rubric, **more)
    rows = _rows(f"SELECT learner_id, label FROM '{folder}/features.parquet' JOIN '{out}' USING (moment_id)")
    return dict(rows), facts


def _rows(sql: str) -> list[tuple[Any, ...]]:
    return duckdb.connect().execute(sql).fetchall()


@pytest.fixture(scope="module")
def labelled(site: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The file of rubric labels of `site`, and its facts."""
    out = tmp_path_factory.mktemp("rubric") / "labels.parquet"
    return out, label_rubric(site, features, out)


def test_the_file_is_like_that_of_outcomes(features: Path, labels: Path, labelled: tuple[Path, dict[str, Any]]) -> None:
    out, facts = labelled
    described = [_rows(f"DESCRIBE FROM '{path}'") for path in (out, labels)]
    assert described[0] == described[1]
    folds = f"""
        SELECT count(*), count(*) FILTER (a.learner_fold = b.learner_fold AND a.is_test = b.is_test)
        FROM '{out}' a JOIN '{labels}' b USING (moment_id)"""
    (row,) = _rows(folds)
    assert row[0] == row[1] > 0
    (counts,) = _rows(f"SELECT count(*), sum(label) FROM '{out}'")
    assert (facts["moments"], facts["positive"]) == counts
    (moments,) = _rows(f"SELECT count(*) FROM '{features}/features.parquet'")
    assert facts["moments"] + facts["unlabelled"] == moments[0]
    assert facts["runs"] == 5
    assert facts["unknown_ratings"] == {}


def test_the_last_two_weeks_have_no_label(site: Path, features: Path, labelled: tuple[Path, dict[str, Any]]) -> None:
    remaining = f"""
        SELECT course_id, min(date_diff('day', as_of, ends_at)) FROM '{features}/features.parquet'
        JOIN '{labelled[0]}' USING (moment_id) JOIN '{site}/courses.parquet' USING (course_id)
        GROUP BY course_id ORDER BY course_id"""
    days_left = dict(_rows(remaining))
    assert days_left.pop("FMT-101-03") == 49  # under way: ten weeks, of which five have records
    assert set(days_left.values()) == {14}


def test_work_missed_later_is_undesirable_and_work_missed_before_is_not(run_folder: RunFolder, tmp_path: Path) -> None:
    done = [_submitted(work, "b", at) for work, at in (("w1", "2024-02-04"), ("w2", "2024-02-11"))]
    folder = run_folder("bc", submissions=", ".join([*done, _submitted("w0", "c", "2024-01-14")]))
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1)
    assert _label(folder, rubric)[0] == {"b": 0, "c": 1}


def test_work_handed_in_ahead_is_neither_done_nor_missed_later(run_folder: RunFolder, tmp_path: Path) -> None:
    ahead = [_submitted("w1", learner, "2024-01-20") for learner in "abd"]
    later = [_submitted("w2", "a", "2024-01-21"), _submitted("w2", "b", "2024-02-10")]
    folder = run_folder("abcd", submissions=", ".join([*ahead, *later, _submitted("w1", "d", "2024-02-03", 2)]))
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1)
    labels, facts = _label(folder, rubric)
    assert labels == {"b": 0, "c": 1, "d": 1}
    assert facts["unlabelled"] == 1


def test_a_rating_after_the_moment_replaces_what_is_derived(run_folder: RunFolder, tmp_path: Path) -> None:
    ratings = [
        *("('c1', 'a', 'completeness', 5, '2024-02-20')", "('c1', 'a', 'completeness', 4, '2024-02-27')"),
        "('c1', 'b', 'completeness', 5, '2024-01-21')",
    ]
    folder = run_folder("abc", ratings=", ".join(ratings))
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1)
    assert _label(folder, rubric)[0] == {"a": 0, "b": 1, "c": 1}
    assert _label(folder, rubric, whole_run=True)[0] == {"a": 0, "b": 0, "c": 1}


def test_a_rating_of_what_no_record_tells_counts_beside_what_is_derived(run_folder: RunFolder, tmp_path: Path) -> None:
    ratings = "('c1', 'a', 'post_test_scores.accuracy', 5, '2024-02-20'), ('c1', 'b', 'accuracy', 5, '2024-02-20')"
    folder = run_folder("ab", ratings=ratings)
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1)
    labels, facts = _label(folder, rubric)
    assert labels == {"a": 0, "b": 1}  # the means are 3 and 1
    assert facts["unknown_ratings"] == {"accuracy": 1}


def test_agreement_of_derived_and_rated_values_is_reported(run_folder: RunFolder, tmp_path: Path) -> None:
    done = {"a": 2, "b": 2, "c": 1, "d": 0, "e": 0, "f": 2}
    rated = {"a": 5, "b": 4, "c": 2, "d": 3, "e": 1}
    submissions = [
        _submitted(f"w{work}", learner, "2024-02-01") for learner, much in done.items() for work in range(1, much + 1)
    ]
    ratings = [f"('c1', '{learner}', 'completeness', {rating}, '{AS_OF}')" for learner, rating in rated.items()]
    folder = run_folder("abcdef", submissions=", ".join(submissions), ratings=", ".join(ratings))
    _, facts = _label(folder, _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1))
    derived = {"a": 5, "b": 5, "c": 2, "d": 1, "e": 1}
    kappa = cohen_kappa_score(list(derived.values()), list(rated.values()), weights="quadratic", labels=range(1, 6))
    assert facts["agreement"] == {
        "assignment_completion.completeness": {
            "n": 5,
            "exact": pytest.approx(3 / 5),
            "within_one": pytest.approx(4 / 5),
            "kappa": pytest.approx(kappa),
        }
    }


def test_agreement_counts_a_learner_of_a_run_once(site: Path, labelled: tuple[Path, dict[str, Any]]) -> None:
    agreement = labelled[1]["agreement"]
    (rated,) = _rows(f"SELECT count(DISTINCT learner_id) FROM '{site}/ratings/*.parquet'")
    assert len(agreement) == 6
    assert max(measures["n"] for measures in agreement.values()) <= rated[0]
    assert all(measures["exact"] < measures["within_one"] for measures in agreement.values())
    assert agreement["pre_activity.timely_login"]["kappa"] > 0.2  # the simulated teachers see engagement too


def test_what_a_run_hardly_offers_is_no_indicator(run_folder: RunFolder, tmp_path: Path) -> None:
    daily = "('c1', '{}', '2024-02-{:02} 23:59:59', '{}', 'viewed', 'course', NULL, 1)"
    active = [daily.format(learner, day, "core") for learner in "abcdefghijkl" for day in range(1, 29)]
    folder = run_folder("abcdefghijklm", events=", ".join([*active, daily.format("a", 1, "mod_wiki")]))
    features = ("active_days_per_week", "collaboration_per_week")
    rubric = _rubric(tmp_path / "own.yaml", features, least_indicators=1, threshold=4)
    labels, _ = _label(folder, rubric)
    assert (labels["b"], labels["m"]) == (0, 1)  # with a 1 for collaboration, b's mean would be 3


def test_too_few_indicators_give_no_label(run_folder: RunFolder, tmp_path: Path) -> None:
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=2)
    with pytest.raises(TrainingError, match="no moment has a rubric label.*2 indicators"):
        _label(run_folder(), rubric)


def test_labels_that_are_all_the_same_are_refused(run_folder: RunFolder, tmp_path: Path) -> None:
    rubric = _rubric(tmp_path / "own.yaml", ("missed_share",), least_indicators=1)
    with pytest.raises(TrainingError, match="all moments have the same rubric label.*another threshold than 2.5"):
        _label(run_folder("ab"), rubric)


@pytest.fixture(scope="module")
def middle(small: Path) -> Path:
    """A site's rubric with a threshold in the middle of the scores: many labels are close to changing."""
    return _rubric(small / "own.yaml", threshold=3.1)


@pytest.fixture(scope="module")
def unchanged(small: Path, middle: Path) -> Labels:
    """Labels by moment of `small` as it is."""
    return _labelled(small / "tables", small, small, middle)


def test_a_site_that_sets_a_higher_threshold_finds_more_to_warn_of(
    small: Path, unchanged: Labels, tmp_path: Path
) -> None:
    ours = _labelled(small / "tables", small, tmp_path, None)
    assert ours.keys() == unchanged.keys()
    assert 0 < sum(ours.values()) < sum(unchanged.values()) < len(ours)


@pytest.mark.parametrize(("share", "added"), [(0.3, 300), (1, 0)], ids=["some dropped and others added", "all dropped"])
def test_what_is_recorded_before_the_moment_does_not_change_the_label(
    small: Path,
    middle: Path,
    unchanged: Labels,
    change_the_past: ChangeThePast,
    tmp_path: Path,
    share: float,
    added: int,
) -> None:
    change_the_past(tmp_path / "tables", share, added)
    assert _labelled(tmp_path / "tables", small, tmp_path, middle) == unchanged


def test_what_is_recorded_before_the_moment_changes_the_label_of_the_whole_run(
    small: Path, middle: Path, change_the_past: ChangeThePast, tmp_path: Path
) -> None:
    before = _labelled(small / "tables", small, tmp_path, middle, whole_run=True)
    change_the_past(tmp_path / "tables", 1, 0)
    after = _labelled(tmp_path / "tables", small, tmp_path, middle, whole_run=True)
    assert sum(before.get(moment) != after.get(moment) for moment in before) > len(before) / 10


def _labelled(tables: Path, features: Path, folder: Path, rubric: Path | None, **more: Any) -> Labels:
    label_rubric(tables, features, folder / "labels.parquet", rubric, **more)
    return dict(_rows(f"SELECT moment_id, label FROM '{folder}/labels.parquet'"))
