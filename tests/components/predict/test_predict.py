"""The predict step: both files and the counts, or an error."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from components.predict import predict
from earlybell.bundle import read_bundle
from earlybell.errors import SettingError
from earlybell.predict import Predictor, read_corrections
from earlybell.trail import read_records, verify


def _files(folder: Path) -> tuple[Path, Path, Path]:
    return folder / "risks", folder / "worklist", folder / "corrections"


def test_every_course_run_has_a_correction_by_which_its_risks_were_moved(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    predicted = predict(bundle, site, *_files(tmp_path), as_of="0.5")
    made = {entry.course_id: entry for entry in read_corrections(tmp_path / "corrections")}
    assert len(made) == predicted.runs
    assert {entry.bundle for entry in made.values()} == {predicted.digest}
    assert {entry.basis for entry in made.values()} == {"none", "earlier_runs"}
    assert predicted.corrected == sum(entry.notable for entry in made.values()) > 0
    batch = Predictor(read_bundle(bundle)).predict_tables(site, "0.5")
    for course_id, entry in made.items():
        rows = batch.observed.course_id == course_id
        assert set(batch.correction[rows]) == {entry.shift}
        assert batch.risk[rows].mean() == pytest.approx(entry.corrected_risk, abs=1e-6)
        assert entry.points == pytest.approx(100 * (batch.risk[rows].mean() - (entry.mean_risk or 0)), abs=1e-3)


def test_predictions_the_worklist_and_the_counts_belong_together(bundle: Path, site: Path, tmp_path: Path) -> None:
    predicted = predict(bundle, site, *_files(tmp_path), as_of="0.5", capacity=0.1)
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
        predict(bundle, site, *_files(tmp_path), **settings)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_night_between_two_terms_is_a_result_with_files_that_can_be_read_and_no_record(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    trail, heads = f"sqlite:{tmp_path / 'trail.db'}", tmp_path / "heads"
    files = _files(tmp_path)
    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    predicted = predict(bundle, site, *files, as_of="now", trail=trail, trail_anchors=str(heads))
    counts = (predicted.learners, predicted.moments, predicted.runs, predicted.worklist)
    assert (counts, predicted.bands) == ((0, 0, 0, 0), {})
    assert began <= predicted.as_of <= datetime.now(UTC).replace(tzinfo=None)
    table = duckdb.connect().execute(f"FROM read_parquet('{files[0]}')")
    assert [column[0] for column in table.description or []][:4] == ["course_id", "learner_id", "as_of", "risk"]
    assert table.fetchall() == []
    assert read_corrections(files[2]) == []
    header = "rank,course_id,learner_id,as_of,risk,low,high,band,reasons,outlook,doubt"
    assert files[1].read_text().splitlines() == [header]
    audit = verify(trail, heads)
    assert (audit.whole, audit.entries) == (True, 0)


@pytest.mark.parametrize("version", ["7", ""], ids=["of a registry", "of a folder"])
def test_what_the_step_calls_the_version_is_what_the_trail_calls_it(
    bundle: Path, site: Path, tmp_path: Path, version: str
) -> None:
    trail, files = f"sqlite:{tmp_path / 'trail.db'}", _files(tmp_path)
    predicted = predict(bundle, site, *files, as_of="0.5", trail=trail, version=version)
    expected = version or read_bundle(bundle).digest[:12]
    assert (predicted.version, {record.model_version for record in read_records(trail)}) == (expected, {expected})


def test_every_prediction_of_a_site_is_in_the_trail(bundle: Path, site: Path, tmp_path: Path) -> None:
    trail = f"sqlite:{tmp_path / 'trail.db'}"
    files, heads = _files(tmp_path), tmp_path / "heads"
    predicted = predict(bundle, site, *files, as_of="0.5", trail=trail, trail_anchors=str(heads))
    risks = {(record.course_id, record.learner_id): record.risk for record in read_records(trail)}
    rows = duckdb.connect().execute(f"SELECT course_id, learner_id, risk FROM read_parquet('{tmp_path}/risks')")
    assert risks == {(course, learner): risk for course, learner, risk in rows.fetchall()}
    assert len(risks) == predicted.moments
    audit = verify(trail, heads)
    assert (audit.whole, audit.anchored) == (True, True)
    assert not (tmp_path / "trail.db.anchors").exists()
