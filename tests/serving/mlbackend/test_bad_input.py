"""Whatever is sent: an error that Moodle shows, no traceback, and nothing is lost."""

import http.client
import io
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.serving.mlbackend.moodle import (
    DIRHASH,
    UNIQUEID,
    Backend,
    course,
    labelled,
    packed,
    started,
    unlabelled,
    unpacked,
)

SMALL = labelled(course(12, 0.5, seed=5))
OTHER = "82b5844cd48b43199a089e7ebed0b99bf0f5669c"
_LINES = SMALL.splitlines(keepends=True)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("bad") / "models"
    with started(folder, "--max-body-mib", "1", "--max-rows", "60") as running:
        assert running.ask("training", SMALL)["status"] == 0
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        yield running
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        text = running.log.read_text()
        assert "Traceback" not in text
        assert '"outcome":"defect"' not in text


DATA_SETS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "It ends before its rows"),
    "one line": (b"timesplitting,nfeatures\n", "It ends before its rows"),
    "no data set": (b"\x89PNG\r\n\x1a\n\n\n\n", "It must be CSV in UTF-8"),
    "other names in the first line": (SMALL.replace(b"targetclasses", b"classes", 1), "data set lacks: targetclasses"),
    "cut off in a row": (SMALL.rstrip(b"\n").rsplit(b",", 1)[0], "rows of the data set"),
    "cut off in the head": (b"".join(_LINES[:2]) + _LINES[2][:40], "It ends before its rows"),
    "a word for a number": (SMALL.replace(b"1,0,0,0,", b"1,0,0,zero,", 1), "values must be numbers"),
    "infinite": (SMALL.replace(b"1,0,0,0,", b"1,0,0,inf,", 1), "Its values must be finite numbers"),
    "nan": (SMALL.replace(b"1,0,0,0,", b"1,0,0,nan,", 1), "Its values must be finite numbers"),
    "no target": (unlabelled(course(3, 0.5, seed=5)), "It has no target"),
    "an empty target": (b"".join([*_LINES[:-1], _LINES[-1][:-2], b"\n"]), "It must be 0 or 1"),
    "three classes": (SMALL.replace(b'"[0,1]"', b'"[0,1,2]"', 1), "PHP back end for this model"),
    "courses of different classes": (SMALL.replace(b'"[0,1]"', b'"[0,1]|[0,1,2]"', 1), "PHP back end for this model"),
    "a regression": (SMALL.replace(b"discrete", b"linear", 1), "Earlybell classifies"),
    "another number of features": (SMALL.replace(b",8,", b",9,", 1), "nfeatures"),
    "a column twice": (SMALL.replace(b"range/1", b"range/0", 1), "a column twice"),
    "other columns": (SMALL.replace(b"cognitive_depth", b"social_breadth"), "another columns than the model's"),
    "another interval": (SMALL.replace(b"quarters", b"tenths", 1), "another interval than the model's"),
    "too many rows": (labelled(course(40, 0.5, seed=6)), "They may be 60: raise --max-rows"),
}


@pytest.mark.parametrize(("data", "said"), DATA_SETS.values(), ids=DATA_SETS.keys())
def test_a_data_set_that_cannot_be_used_is_an_error_that_moodle_shows(backend: Backend, data: bytes, said: str) -> None:
    answer = backend.ask("training", data)
    assert answer["status"] == 1
    assert said in str(answer["errors"])


@pytest.mark.parametrize(
    "data",
    [SMALL.replace(b"1,0,0,0,", b"1,0,0,hush,", 1), b"".join([*_LINES[:3], b"hush,1\n"])],
    ids=["a word for a number", "too few values"],
)
def test_what_is_wrong_with_a_row_is_said_without_the_row(backend: Backend, data: bytes) -> None:
    answer = backend.ask("evaluation", data, OTHER)
    assert answer["info"] == [
        "rows of the data set: Row #1. Each row must have a value, or nothing, for each column, "
        "and values must be numbers."
    ]
    asked = {"uniqueid": OTHER, "dirhash": DIRHASH, "runid": str(answer["runid"])}
    (log,) = unpacked(backend.client.get("/evaluationlog", params=asked).content).values()
    assert b"Row #1" in log
    assert b"hush" not in log
    backend.post("deletemodel", uniqueid=OTHER)


def test_a_data_set_without_rows_is_none(backend: Backend) -> None:
    assert backend.ask("training", b"".join(_LINES[:3]))["status"] == 2


def test_an_evaluation_of_it_names_a_run_with_a_log_or_moodle_would_fail_at_that(backend: Backend) -> None:
    answer = backend.ask("evaluation", DATA_SETS["three classes"][0], OTHER)
    assert (answer["status"], answer["score"]) == (1, 0)
    assert "PHP back end for this model" in str(answer["info"])
    asked = {"uniqueid": OTHER, "dirhash": DIRHASH, "runid": str(answer["runid"])}
    assert backend.client.get("/evaluationlog", params=asked).status_code == 200
    backend.post("deletemodel", uniqueid=OTHER)


def test_a_prediction_of_other_columns_or_with_a_target_is_refused(backend: Backend) -> None:
    answer = backend.ask("prediction", SMALL)
    assert "Its first column must be sampleid" in str(answer["errors"])
    other = unlabelled(course(3, 0.5, seed=5)).replace(b"cognitive_depth", b"social_breadth")
    assert "another columns" in str(backend.ask("prediction", other)["errors"])


PATHS = [
    "../../../../etc/passwd",
    "",
    "..",
    "18C73965C2D628EF1613848990C404A2ADC0A12C",
    "0" * 41,
    UNIQUEID + "\n",
    "%2e%2e%2f",
]


@pytest.mark.parametrize("uniqueid", PATHS)
@pytest.mark.parametrize("route", ["training", "prediction", "evaluation", "deletemodel"])
def test_an_id_that_is_none_never_becomes_a_path(backend: Backend, route: str, uniqueid: str) -> None:
    answer = backend.post(route, SMALL, uniqueid)
    assert answer.status_code == 400
    assert answer.text.startswith("uniqueid: ")
    assert not answer.text.count("Traceback")


@pytest.mark.parametrize("name", ["dirhash", "runid"])
def test_neither_does_one_of_a_folder_or_a_run(backend: Backend, name: str) -> None:
    asked = {"uniqueid": UNIQUEID, "dirhash": DIRHASH, "runid": "1"} | {name: "../1"}
    answer = backend.client.get("/evaluationlog", params=asked)
    assert (answer.status_code, answer.text[:7].strip(": ")) == (400, name)


def test_what_is_not_there_is_not_found(backend: Backend) -> None:
    asked = {"uniqueid": OTHER, "dirhash": DIRHASH}
    assert backend.client.get("/export", params=asked).status_code == 404
    assert backend.client.get("/evaluationlog", params=asked | {"runid": "12"}).status_code == 404
    assert backend.client.get("/nothing").status_code == 404
    assert backend.client.get("/training").status_code == 405
    trained = backend.ask("evaluation", SMALL, OTHER, trainedmodeldirhash=DIRHASH)
    assert "Train or import it first" in str(trained["info"])
    backend.post("deletemodel", uniqueid=OTHER)


BODIES: dict[str, tuple[str, bytes]] = {
    "no form": ("text/csv", SMALL),
    "json": ("application/json", b"{}"),
    "no boundary": ("multipart/form-data", SMALL),
    "another boundary": ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
    "a part without a name": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n",
    ),
    "cut off": ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="uniqueid"\r\n\r\nab'),
    "nothing": ("multipart/form-data; boundary=x", b""),
}


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_form_is_refused(backend: Backend, kind: str, body: bytes) -> None:
    answer = backend.client.post("/training", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text


def test_a_file_that_is_sent_as_a_field_is_missed(backend: Backend) -> None:
    fields = {"uniqueid": UNIQUEID, "dirhash": DIRHASH, "dataset": "1,2"}
    answer = backend.client.post("/training", files={name: (None, value) for name, value in fields.items()})
    assert "It is missing in the request" in answer.text


@pytest.mark.parametrize("text", ["many", "-1", "1e9", "nan"])
def test_a_number_that_is_none_is_refused(backend: Backend, text: str) -> None:
    answer = backend.post("evaluation", SMALL, niterations=text)
    assert (answer.status_code, answer.text[:11]) == (400, "niterations")


def _chunks() -> Iterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="dataset"; filename="a.csv"\r\n\r\n'
    for _ in range(32):
        yield b"0" * 65536


@pytest.mark.parametrize("content", [lambda: b"".join(_chunks()), _chunks], ids=["of that length", "in chunks"])
def test_a_body_that_is_too_large_is_refused_and_not_kept(
    backend: Backend, content: Callable[[], bytes | Iterator[bytes]]
) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = backend.client.post("/training", content=content(), headers=kind)
    assert answer.status_code == 413
    assert "raise --max-body-mib" in answer.text


def test_a_client_that_goes_away_amid_its_body_leaves_nothing(backend: Backend) -> None:
    with socket.create_connection(("127.0.0.1", backend.client.base_url.port or 0)) as connection:
        connection.sendall(
            b"POST /training HTTP/1.1\r\nhost: x\r\nauthorization: Basic bW9vZGxlOnNlY3JldDEyMw==\r\n"
            b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\n"
        )
    assert backend.client.get("/health/ready").status_code == 200


def _damaged() -> bytes:
    """An archive whose packed bytes are none of zlib's."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.onnx", b"model" * 1000)
    data = out.getvalue()
    at = data.index(b"model.onnx") + len("model.onnx")
    return data[:at] + b"\xff" * 8 + data[at + 8 :]


IMPORTS: dict[str, bytes] = {
    "no archive": b"PK nothing",
    "an archive without a model": packed({"model.json": b"{}"}),
    "two models": packed({"a/model.onnx": b"1", "b/model.onnx": b"2"}),
    "a model that is none": packed({"model.onnx": b"nothing"}),
    "damaged": _damaged(),
    "a pickle": packed({"classifier.pkl": b"\x80\x04."}),
}


@pytest.mark.parametrize("archive", IMPORTS.values(), ids=IMPORTS.keys())
def test_an_import_of_anything_else_is_refused(backend: Backend, archive: bytes) -> None:
    files = {"importzip": ("import.zip", archive, "application/octet-stream")}
    answer = backend.client.post("/import", data={"uniqueid": UNIQUEID, "dirhash": DIRHASH}, files=files)
    assert answer.status_code == 400
    assert "this back end export" in answer.text


def test_it_waits_for_a_body_that_is_announced(backend: Backend) -> None:
    """As curl, and so Moodle, asks before it sends more than a mebibyte."""
    port = backend.client.base_url.port or 0
    body = b'--x\r\nContent-Disposition: form-data; name="uniqueid"\r\n\r\n' + OTHER.encode() + b"\r\n--x--\r\n"
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.putrequest("POST", "/deletemodel")
        for name, value in {
            "Authorization": "Basic bW9vZGxlOnNlY3JldDEyMw==",
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(len(body)),
            "Expect": "100-continue",
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body)
        with connection.getresponse() as answer:
            assert answer.read() == b"Ok"
