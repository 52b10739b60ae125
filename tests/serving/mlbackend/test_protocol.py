"""What Moodle asks, in the order in which it was recorded, of a server that really runs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.serving.mlbackend.moodle import (
    DIRHASH,
    UNIQUEID,
    Backend,
    course,
    labelled,
    log_lines,
    packed,
    started,
    unlabelled,
    unpacked,
)

PAST = [course(120, 0.25, seed=1), course(90, 0.3, seed=2)]
NOW = course(60, 0.3, seed=3)
RECORDED = Path(__file__).parents[4] / "shared" / "moodle" / "mlbackend-requests"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with started(tmp_path_factory.mktemp("backend") / "models") as running:
        yield running


@pytest.fixture(scope="module")
def trained(backend: Backend) -> Backend:
    answer = backend.ask("training", labelled(*PAST))
    assert answer["status"] == 0
    assert answer["info"] == ["Trained on 840 samples of 210 learners; base rate 27.1%."]
    return backend


def test_moodle_asks_the_version_without_a_password_and_takes_it(backend: Backend) -> None:
    answer = httpx.get(f"{backend.client.base_url}/version", trust_env=False)
    assert (answer.status_code, answer.text) == (200, "3.0.5")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("route", ["training", "prediction", "evaluation", "import", "deletemodel"])
def test_everything_else_wants_user_and_password(backend: Backend, route: str) -> None:
    for auth in (None, ("moodle", "secret124"), ("admin", "secret123"), ("moodle", "")):
        answer = httpx.post(f"{backend.client.base_url}/{route}", auth=auth, trust_env=False)
        assert answer.status_code == 401
        assert "user or password" in answer.text
        assert answer.headers["www-authenticate"] == 'Basic realm="earlybell"'


@pytest.mark.parametrize("route", ["evaluationlog", "export"])
def test_and_so_does_what_is_fetched(backend: Backend, route: str) -> None:
    answer = httpx.get(f"{backend.client.base_url}/{route}?uniqueid={UNIQUEID}&dirhash={DIRHASH}", trust_env=False)
    assert answer.status_code == 401


def test_an_evaluation_says_what_is_true_of_learners_that_were_left_out(backend: Backend) -> None:
    answer = backend.ask("evaluation", labelled(*PAST), minscore="0.7", maxdeviation="0.05", niterations="10")
    assert answer["status"] in (0, 8)  # the scores of ten small samples may differ by more than .05
    assert 0.8 < float(str(answer["auc"])) < 1
    assert answer["base_rate"] == pytest.approx(57 / 210)
    assert float(str(answer["brier"])) < 0.15 < 57 / 210 * 153 / 210
    said = " ".join(map(str, answer["info"]))  # type: ignore[call-overload]
    assert f"AUC {answer['auc']:.3f}" in said
    assert f"Brier score {answer['brier']:.4f} (the base rate for everybody: 0.1978), base rate 27.1%" in said
    assert "840 samples of 210 learners" in said
    log = backend.client.get(
        "/evaluationlog", params={"uniqueid": UNIQUEID, "dirhash": DIRHASH, "runid": str(answer["runid"])}
    )
    files = unpacked(log.content)
    assert files.keys() == {"evaluation.json", "calibration.csv"}
    rows = [line.split(",") for line in files["calibration.csv"].decode().splitlines()[1:]]
    assert sum(int(row[2]) for row in rows) == 2 * 840  # each learner is left out once in each of two rounds


def test_every_evaluation_has_a_number_of_its_own(backend: Backend) -> None:
    """Moodle makes a folder of that number, which must not be there."""
    few = labelled(course(8, 0.5, seed=4))
    runs = [backend.ask("evaluation", few)["runid"] for _ in range(2)]
    assert len(set(runs)) == 2
    assert all(str(run).isdigit() for run in runs)


def test_a_prediction_says_the_class_and_its_probability_for_each_sample(trained: Backend) -> None:
    answer = trained.ask("prediction", unlabelled(NOW))
    predictions = answer["predictions"]
    assert isinstance(predictions, list)
    assert [sample for sample, _, _ in predictions] == [f"{400 + i}-0" for i in range(60)]
    assert answer["status"] == 0
    assert answer["info"] == []
    assert all(kind in ("0", "1") and 0.5 <= float(p) <= 1 for _, kind, p in predictions)
    risk = np.array([float(p) if kind == "1" else 1 - float(p) for _, kind, p in predictions])
    assert risk[NOW.label == 1].mean() > risk[NOW.label == 0].mean() + 0.2


def test_a_model_is_exported_without_rows_and_answers_the_same_elsewhere(trained: Backend, tmp_path: Path) -> None:
    asked = {"uniqueid": UNIQUEID, "dirhash": DIRHASH}
    archive = trained.client.get("/export", params=asked).content
    assert unpacked(archive).keys() == {"model.onnx"}
    with started(tmp_path / "other") as other:
        folder = packed({f"mlbackend/{name}": data for name, data in unpacked(archive).items()})
        imported = other.client.post(
            "/import", data=asked, files={"importzip": ("import.zip", folder, "application/octet-stream")}
        )
        assert (imported.status_code, imported.text) == (200, "Ok")
        predicted = other.ask("prediction", unlabelled(NOW))
        assert predicted == trained.ask("prediction", unlabelled(NOW))
        evaluated = other.ask("evaluation", labelled(*PAST), trainedmodeldirhash=DIRHASH)
        assert evaluated["deviation"] == 0
        assert float(str(evaluated["auc"])) > 0.85


def test_a_deleted_model_is_gone_and_deleting_it_again_is_no_error(backend: Backend) -> None:
    other = "82b5844cd48b43199a089e7ebed0b99bf0f5669c"
    assert backend.ask("training", labelled(PAST[0]), uniqueid=other)["status"] == 0
    for _ in range(2):
        gone = backend.client.post("/deletemodel", files={"uniqueid": (None, other)})
        assert gone.status_code == 200
    assert not list(backend.folder.glob(f"models/{other}"))
    answer = backend.ask("prediction", unlabelled(NOW), uniqueid=other)
    said = ["The model has not been trained yet."]
    assert answer == {"status": 2, "info": said, "errors": said}


def test_the_log_has_a_line_a_request_without_learners_and_the_password_is_in_none(trained: Backend) -> None:
    trained.ask("prediction", unlabelled(NOW))
    lines = log_lines(trained)
    last = [line for line in lines if line.get("route") == "prediction"][-1]
    assert (last["status"], last["outcome"], last["samples"], last["moodle_status"]) == (200, "ok", 60, 0)
    text = trained.log.read_text()
    assert "400-0" not in text
    assert "secret123" not in text
    assert "Traceback" not in text


def test_prometheus_counts_requests_and_trainings_but_not_through_a_gateway(trained: Backend) -> None:
    before = trained.metric('earlybell_mlbackend_requests_total{outcome="ok",route="prediction"}')
    trained.ask("prediction", unlabelled(NOW))
    assert trained.metric('earlybell_mlbackend_requests_total{outcome="ok",route="prediction"}') == before + 1
    assert trained.metric('earlybell_mlbackend_fits_total{kind="train",outcome="ok"}') >= 1
    hidden = trained.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert hidden.status_code == 404


def test_what_was_recorded_of_a_real_moodle_is_answered(backend: Backend) -> None:
    if not RECORDED.is_dir():
        pytest.skip("the requests recorded of a Moodle are not here")
    past, now = (RECORDED / f"{name}-dataset" for name in ("004-evaluation", "011-prediction"))
    recorded = "82b5844cd48b43199a089e7ebed0b99bf0f5669c"
    evaluated = backend.ask(
        "evaluation", past.read_bytes(), recorded, minscore="0.7", maxdeviation="0.05", niterations="10"
    )
    assert evaluated["status"] == 0
    assert 0.75 < float(str(evaluated["auc"])) < 0.9
    assert "1,488 samples of 372 learners" in str(evaluated["info"])
    assert backend.ask("training", past.read_bytes(), recorded)["info"] == [
        "Trained on 1,488 samples of 372 learners; base rate 2.7%."
    ]
    predicted = backend.ask("prediction", now.read_bytes(), recorded)["predictions"]
    assert isinstance(predicted, list)
    assert len(predicted) == 194
    assert predicted[0][0] == "396-1"
