"""The predict step: both files and the counts, or an error."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from components.predict import predict
from earlybell.bundle import read_bundle
from earlybell.errors import SettingError
from earlybell.trail import read_records, verify


def test_predictions_the_worklist_and_the_counts_belong_together(bundle: Path, site: Path, tmp_path: Path) -> None:
    predicted = predict(bundle, site, tmp_path / "risks", tmp_path / "worklist", as_of="0.5", capacity=0.1)
    counted = duckdb.connect().execute(f"SELECT band, count(*) FROM read_parquet('{tmp_path}/risks') GROUP BY 1")
    assert predicted.bands == dict(counted.fetchall())
    assert predicted.moments == sum(predicted.bands.values())
    assert predicted.worklist == len((tmp_path / "worklist").read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"as_of": "0.5", "capacity": 0.0}, "capacity is not above 0"),
        ({"as_of": "1999-01-01"}, "nobody is enrolled as of"),
        ({"as_of": "0.5", "trail": "postgresql://db.invalid/trail"}, "anchors .* not named.*--trail-anchors"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    bundle: Path, site: Path, tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        predict(bundle, site, tmp_path / "risks", tmp_path / "worklist", **settings)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_night_between_two_terms_is_a_result_with_files_that_can_be_read_and_no_record(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    trail, heads = f"sqlite:{tmp_path / 'trail.db'}", tmp_path / "heads"
    files = (tmp_path / "risks", tmp_path / "worklist")
    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    predicted = predict(bundle, site, *files, as_of="now", trail=trail, trail_anchors=str(heads))
    counts = (predicted.learners, predicted.moments, predicted.runs, predicted.worklist)
    assert (counts, predicted.bands) == ((0, 0, 0, 0), {})
    assert began <= predicted.as_of <= datetime.now(UTC).replace(tzinfo=None)
    table = duckdb.connect().execute(f"FROM read_parquet('{files[0]}')")
    assert [column[0] for column in table.description or []][:4] == ["course_id", "learner_id", "as_of", "risk"]
    assert table.fetchall() == []
    assert files[1].read_text().splitlines() == ["rank,course_id,learner_id,as_of,risk,low,high,band,reasons"]
    audit = verify(trail, heads)
    assert (audit.whole, audit.entries) == (True, 0)


@pytest.mark.parametrize("version", ["7", ""], ids=["of a registry", "of a folder"])
def test_what_the_step_calls_the_version_is_what_the_trail_calls_it(
    bundle: Path, site: Path, tmp_path: Path, version: str
) -> None:
    trail, files = f"sqlite:{tmp_path / 'trail.db'}", (tmp_path / "risks", tmp_path / "worklist")
    predicted = predict(bundle, site, *files, as_of="0.5", trail=trail, version=version)
    expected = version or read_bundle(bundle).digest[:12]
    assert (predicted.version, {record.model_version for record in read_records(trail)}) == (expected, {expected})


def test_every_prediction_of_a_site_is_in_the_trail(bundle: Path, site: Path, tmp_path: Path) -> None:
    trail = f"sqlite:{tmp_path / 'trail.db'}"
    files, heads = (tmp_path / "risks", tmp_path / "worklist"), tmp_path / "heads"
    predicted = predict(bundle, site, *files, as_of="0.5", trail=trail, trail_anchors=str(heads))
    risks = {(record.course_id, record.learner_id): record.risk for record in read_records(trail)}
    rows = duckdb.connect().execute(f"SELECT course_id, learner_id, risk FROM read_parquet('{tmp_path}/risks')")
    assert risks == {(course, learner): risk for course, learner, risk in rows.fetchall()}
    assert len(risks) == predicted.moments
    audit = verify(trail, heads)
    assert (audit.whole, audit.anchored) == (True, True)
    assert not (tmp_path / "trail.db.anchors").exists()
