"""Moodle's own analytics with the back end in the place of Moodle's: `make test-moodle MOODLE=DIR`."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.measure import cpu_seconds_of_children
from serving.mlbackend.card import Model
from tests.moodle.browser import need_browser, walked
from tests.moodle.site import Site, installed
from tests.serving.mlbackend.moodle import SECRET, USER, Backend, started

LEARNERS = 60
QUARTERS = r"\core\analytics\time_splitting\quarters"
EVALUATE = ("admin/tool/analytics/cli/evaluate_model.php", f"--analysisinterval={QUARTERS}", "--non-interactive")


@pytest.fixture(scope="module")
def moodle(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Moodle with two finished course runs and one under way."""
    with installed(checkout, tmp_path_factory.mktemp("analytics")) as running:
        yield running


@pytest.fixture(scope="module")
def course(moodle: Site) -> int:
    """The id of the course run that is under way."""
    return int(moodle.script("classes.php", str(LEARNERS)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "models"


@pytest.fixture(scope="module")
def php(moodle: Site, course: int) -> tuple[str, float]:
    """What Moodle's own back end says of the model, and the seconds of a processor that it needs."""
    assert moodle.script("analytics.php", "php") is True
    moodle.php(*EVALUATE, "--modelid=1")  # the analysis of the site is kept, so that the second run has none
    before = cpu_seconds_of_children()
    said = moodle.php(*EVALUATE, "--modelid=1")
    return said, cpu_seconds_of_children() - before


def _use(moodle: Site, backend: Backend) -> None:
    url = backend.client.base_url
    assert moodle.script("analytics.php", "python", url.host, str(url.port), USER, SECRET) is True


def _task(moodle: Site, name: str) -> str:
    return moodle.php("admin/cli/scheduled_task.php", f"--execute=\\tool_analytics\\task\\{name}")


def test_moodle_evaluates_trains_and_predicts_through_a_kill_and_a_teacher_sees_insights(
    moodle: Site, course: int, php: tuple[str, float], folder: Path, tmp_path: Path
) -> None:
    with started(folder) as backend:
        _use(moodle, backend)
        _compare(php, moodle.php(*EVALUATE, "--modelid=1"), backend)
        model = moodle.script("enable.php")
        assert "Training process finished" in _task(moodle, "train_models")
        os.kill(backend.process.pid, signal.SIGKILL)
        backend.process.wait(30)
    with started(folder) as backend:
        _use(moodle, backend)
        assert "Prediction process finished" in _task(moodle, "predict_models")
        assert backend.metric('earlybell_mlbackend_requests_total{outcome="ok",route="prediction"}') == 1
        assert backend.metric('earlybell_mlbackend_fits_total{kind="train",outcome="ok"}') == 0
    (fitted,) = (Model(path).card for path in folder.rglob("model.onnx"))
    assert (fitted.rows, fitted.learners) == (2 * 4 * LEARNERS, 2 * LEARNERS)
    rows = moodle.query(
        f"SELECT id, sampleid, contextid, predictionscore FROM {{analytics_predictions}} WHERE modelid = {model}"
    )
    # Of the learners of whom Moodle was told class 1, it keeps those with .6 or more.
    assert 0 < len(rows) <= LEARNERS
    assert all(0.6 <= float(row["predictionscore"]) < 1 for row in rows)
    quiet = _who_stopped(moodle, course, {int(row["sampleid"]) for row in rows})
    assert quiet > 0.7 * len(rows)
    _see(moodle, f"/report/insights/insights.php?modelid={model}&contextid={rows[0]['contextid']}", tmp_path)


def _compare(php: tuple[str, float], ours: str, backend: Backend) -> None:
    """Both say a score; ours what is true beside it."""
    score, area = re.search(r"Accuracy: ([\d.]+)%", php[0]), re.search(r"AUC ([\d.]+)", ours)
    assert score, php[0]
    assert area, ours
    assert f"{8 * LEARNERS:,} samples of {2 * LEARNERS:,} learners" in ours
    seconds = backend.metric('earlybell_mlbackend_fit_seconds_sum{kind="evaluate"}')
    print(f"PHP: accuracy {score[1]} %, {php[1]:.1f} s of a processor; Earlybell: {ours}, {seconds:.1f} s")  # noqa: T201
    assert float(area[1]) > 0.8


def _who_stopped(moodle: Site, course: int, samples: set[int]) -> int:
    """How many of these enrolments are of learners who have done nothing for two weeks."""
    seen = moodle.query(
        "SELECT ue.id, MAX(l.timecreated) AS last FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid"
        " LEFT JOIN {logstore_standard_log} l ON l.userid = ue.userid AND l.courseid = e.courseid"
        f" WHERE e.courseid = {course} GROUP BY ue.id"
    )
    newest = max(int(row["last"] or 0) for row in seen)
    return sum(int(row["id"]) in samples and int(row["last"] or 0) < newest - 14 * 86400 for row in seen)


def _see(moodle: Site, path: str, tmp_path: Path) -> None:
    need_browser()
    walked(moodle, tmp_path, {"insights": path}, seconds=600)
