"""Killed for real, at any moment: what Moodle sent once is there, and a model is whole or is not there."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from serving.mlbackend.card import Model
from serving.mlbackend.dataset import count_rows
from tests.serving.mlbackend.moodle import DIRHASH, UNIQUEID, Backend, Course, course, labelled, started, unlabelled

FIRST, SECOND = course(60, 0.4, seed=11), course(40, 0.4, seed=12)
NOW = course(10, 0.5, seed=13)
MODEL = Path("models") / UNIQUEID / DIRHASH


def _kill(backend: Backend) -> None:
    os.kill(backend.process.pid, signal.SIGKILL)
    backend.process.wait(30)


def _wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def _rows(folder: Path) -> list[int]:
    return [count_rows(part) for part in sorted((folder / MODEL / "rows").glob("*.parquet"))]


def _fitting(backend: Backend) -> list[int]:
    """The processes that fit."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"serving.mlbackend.fitting" in _read(path) and str(backend.folder).encode() in _read(path)
    ]


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _ask_in_vain(backend: Backend, data: bytes) -> threading.Thread:
    def ask() -> None:
        with suppress(httpx.TransportError):
            backend.post("training", data)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def _risks(answer: dict[str, object]) -> list[float]:
    predictions = answer["predictions"]
    assert isinstance(predictions, list)
    return [float(p) if kind == "1" else 1 - float(p) for _, kind, p in predictions]


def test_after_a_kill_between_training_and_prediction_the_same_model_answers(tmp_path: Path) -> None:
    with started(tmp_path / "models") as backend:
        assert backend.ask("training", labelled(FIRST))["status"] == 0
        before = _risks(backend.ask("prediction", unlabelled(NOW)))
        _kill(backend)
    with started(tmp_path / "models") as backend:
        assert _risks(backend.ask("prediction", unlabelled(NOW))) == before
        assert (
            backend.metric('earlybell_mlbackend_fits_total{kind="train",outcome="ok"}') == 0
        )  # nothing was fitted again


def test_after_a_kill_amid_a_training_the_rows_are_there_and_the_next_prediction_knows_them(tmp_path: Path) -> None:
    with started(tmp_path / "models") as backend:
        assert backend.ask("training", labelled(FIRST))["status"] == 0
        asking = _ask_in_vain(backend, labelled(SECOND))
        _wait(lambda: bool(_fitting(backend)))
        fitting = _fitting(backend)
        _kill(backend)
        asking.join()
        _wait(lambda: not any(Path(f"/proc/{process}").exists() for process in fitting))  # it ends with its parent
    assert _rows(tmp_path / "models") == [240, 160]
    assert Model(tmp_path / "models" / MODEL / "model.onnx").card.rows == 240
    with started(tmp_path / "models") as backend:
        backend.ask("prediction", unlabelled(NOW))
        assert Model(backend.folder / MODEL / "model.onnx").card.rows == 400
        assert not list((backend.folder / "scratch").iterdir())


@pytest.mark.parametrize("after", [0.0, 0.1, 0.5, 1.5])
def test_whenever_it_is_killed_the_folder_is_whole(tmp_path: Path, after: float) -> None:
    with started(tmp_path / "models") as backend:
        asking = _ask_in_vain(backend, labelled(FIRST))
        time.sleep(after)
        _kill(backend)
        asking.join()
    with started(tmp_path / "models") as backend:
        assert _rows(backend.folder) in ([], [240])
        # Moodle sends them again with the next ones, as it was not told that they came.
        assert backend.ask("training", labelled(SECOND, FIRST))["status"] == 0
        assert sum(_rows(backend.folder)) == 400
        assert Model(backend.folder / MODEL / "model.onnx").card.learners == 100


def test_a_model_that_is_deleted_amid_its_training_does_not_come_back(tmp_path: Path) -> None:
    answers: list[httpx.Response] = []
    with started(tmp_path / "models") as backend:
        asking = threading.Thread(target=lambda: answers.append(backend.post("training", labelled(FIRST))))
        asking.start()
        _wait(lambda: bool(_fitting(backend)))
        assert backend.client.post("/deletemodel", files={"uniqueid": (None, UNIQUEID)}).status_code == 200
        asking.join()
        assert (answers[0].status_code, answers[0].text) == (409, "the model was deleted while it was trained")
        assert not list((backend.folder / "models").iterdir())


def test_a_model_whose_file_was_damaged_is_fitted_again(tmp_path: Path) -> None:
    with started(tmp_path / "models") as backend:
        assert backend.ask("training", labelled(FIRST))["status"] == 0
        before = _risks(backend.ask("prediction", unlabelled(NOW)))
        onnx = backend.folder / MODEL / "model.onnx"
        onnx.write_bytes(onnx.read_bytes()[:1000])
        answer = backend.ask("evaluation", labelled(SECOND), trainedmodeldirhash=DIRHASH)
        assert (answer["status"], "trained model: unreadable" in str(answer["info"])) == (1, True)
        assert _risks(backend.ask("prediction", unlabelled(NOW))) == before


def test_one_that_was_imported_has_no_rows_to_fit_again(tmp_path: Path) -> None:
    with started(tmp_path / "models") as backend:
        (backend.folder / MODEL).mkdir(parents=True)
        (backend.folder / MODEL / "model.onnx").write_bytes(b"damaged")
        answer = backend.ask("prediction", unlabelled(NOW))
        assert (answer["status"], answer["errors"]) == (
            2,
            ["The model cannot be read: train it again, or import it."],
        )


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with started(tmp_path_factory.mktemp("rows") / "models") as running:
        yield running


def _trained_on(backend: Backend) -> tuple[int, int]:
    card = Model(backend.folder / MODEL / "model.onnx").card
    return card.rows, card.learners


def test_each_training_uses_the_rows_of_all_before_it_and_none_twice(backend: Backend) -> None:
    few: Course = course(3, 0.34, seed=14)
    answer = backend.ask("training", labelled(few))
    assert answer["status"] == 8
    assert "2 of class 0 and 1 of class 1 are here. All are kept" in str(answer["errors"])
    assert _rows(backend.folder) == [12]
    # Moodle was told that they do not do: they come again, behind the new ones.
    assert backend.ask("training", labelled(FIRST, few))["status"] == 0
    assert (_rows(backend.folder), _trained_on(backend)) == ([252], (252, 63))
    # It was told that they did: the next ones come alone.
    assert backend.ask("training", labelled(SECOND))["status"] == 0
    assert (_rows(backend.folder), _trained_on(backend)) == ([252, 160], (412, 103))
    # The same request again, as after an answer that was lost.
    assert backend.ask("training", labelled(SECOND))["status"] == 0
    assert (_rows(backend.folder), _trained_on(backend)) == ([252, 160], (412, 103))


def test_a_prediction_does_not_depend_on_how_the_rows_came(backend: Backend, tmp_path: Path) -> None:
    with started(tmp_path / "models") as other:
        few = course(3, 0.34, seed=14)
        assert other.ask("training", labelled(FIRST, few, SECOND))["status"] == 0
        assert _risks(other.ask("prediction", unlabelled(NOW))) == pytest.approx(
            _risks(backend.ask("prediction", unlabelled(NOW))), abs=1e-5
        )
