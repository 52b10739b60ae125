"""The registry: a sealed bundle goes into a real MLflow and comes back as it was, or not at all."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.models import get_model_info

from components.basis import Basis
from components.registry import (
    Proposed,
    Version,
    fetch,
    fetch_proposal,
    find,
    read_aliases,
    read_trained,
    read_waiting,
    record_missed,
    register,
    set_alias,
    settle,
    waive,
)
from components.registry.server import connect
from earlybell.bundle import Bundle, Catalogue, Feature, Manifest, read_bundle, seal
from earlybell.bundle.evaluation import read_evaluation
from earlybell.bundle.manifest import FORMAT, CatalogueFacts, DataFacts
from earlybell.errors import BundleError, GateError, RegistryError, SettingError
from earlybell.gates import Gates, judge, write_verdict

FEATURES = ("days_since_activity", "mean_score")
TRAINING = {
    "name": "logistic",
    "title": "Logistic regression",
    "remarks": "",
    "complexity": 1,
    "settings": {"C": 0.3},
    "seed": 42,
    "rows": 20_173,
    "learners": 2_004,
    "missing": {"mean_score": 0.1},
}
DATA = DataFacts(("oulad:AAA_2013J",), "d" * 64, learners=2_150, moments=53_000)
REASONS = {
    "kind": "linear",
    "space": "log-odds",
    "base": 0.0,
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "coefficients": [0.5, -0.5],
    "means": [0.5, 0.5],
}


APOSTROPHE = "it's"  # no model has such a name


def _row(**other: Any) -> dict[str, Any]:
    row = {"candidate": "logistic", "split": "course_run", "cutoff": 0.4, "group": "all", "metric": "roc_auc"}
    return {**row, "value": 0.81, "low": 0.78, "high": 0.84, "learners": 1700, "positives": 700, **other}


EVALUATION = {
    "format": 1,
    "label": "outcome",
    "chosen": "logistic",
    "metrics": [
        _row(),
        _row(cutoff=None, value=0.7, low=None, high=None),
        _row(metric="pr_auc", value=None, low=None, high=None),
        _row(metric="calibration_error", value=0.05, low=None, high=None),
        _row(candidate="forest", value=0.5),
        _row(group="AAA_2013J", value=0.6),
    ],
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return _sealed(tmp_path_factory.mktemp("sealed") / "a bundle", Gates())


def _sealed(folder: Path, gates: Gates | None, waived: str = "") -> Bundle:
    """A bundle that was judged by these gates; None: that never was."""
    (folder / "more").mkdir(parents=True)
    features = [Feature(name, name, "days", "temporal", "", "{value}") for name in FEATURES]
    catalogue = Catalogue("1", tuple(features))
    texts = {
        "catalogue.json": catalogue.to_json(),
        "features.sql": "SELECT moment_id, 1 AS days_since_activity, 2 AS mean_score FROM moments",
        "reasons.json": json.dumps(REASONS),
        "training.json": json.dumps(TRAINING),
        "evaluation.json": json.dumps(EVALUATION),
        "more/trees.txt": "a file in a folder",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "model.onnx").write_bytes(bytes(range(256)))
    if gates:
        write_verdict(judge(read_evaluation(folder / "evaluation.json"), gates, waived), folder)
    facts = CatalogueFacts("1", catalogue.hash)
    manifest = Manifest(name="learner-risk", algorithm="logistic", seed=42, data=DATA, catalogue=facts)
    return seal(folder, manifest)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for all tests, since making one takes seconds: each test names its own model."""
    return tmp_path_factory.mktemp("with a space") / "home"


@pytest.fixture
def embedded(home: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """MLflow without a server, and a client that looks into it."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EARLYBELL_HOME", str(home))
    return connect()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server that passes artifacts on; its address."""
    folder = tmp_path_factory.mktemp("server")
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        f"{folder}/artifacts",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, folder / "log")
        yield address
    finally:
        os.killpg(process.pid, 9)  # nothing of it is wanted any more, and politely it can take long
        process.wait()


@pytest.fixture
def closed_door() -> Iterator[str]:
    """The address of a site that asks everyone for a password."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{door.server_port}"
        door.shutdown()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(480):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the server does not answer: {log.read_text()[-2000:]}")


def _stored(version: Version) -> Path:
    """The folder of a version's bundle in the artifact store."""
    return Path(urllib.request.url2pathname(version.address.removeprefix("file://")))


def test_two_registrations_are_versions_1_and_2(bundle: Bundle, embedded: MlflowClient) -> None:
    first, second = (register(bundle.path, name="twice") for _ in range(2))
    assert (first.version, second.version) == ("1", "2")
    assert first.digest == second.digest == bundle.digest
    assert first.address != second.address


def test_a_fetched_bundle_is_the_one_that_was_sealed(bundle: Bundle, embedded: MlflowClient, tmp_path: Path) -> None:
    version = register(bundle.path, name="back")
    fetched = read_bundle(fetch("back", version.version, tmp_path / "new" / "bundle"))
    assert fetched.digest == bundle.digest
    assert (fetched.path / "more" / "trees.txt").read_text() == "a file in a folder"


def _proposed(bundle: Bundle, folder: Path, name: str, approved: str = "") -> Version:
    """A version of a model of its own, with a proposal."""
    page = folder / "proposal.html"
    page.write_text("a page")
    proposal = Proposed("It is better.", approved, (page,))
    return register(bundle.path, name=name, basis=Basis("data", "settings"), proposal=proposal)


def test_a_version_comes_with_its_proposal_which_waits_until_it_is_settled(
    bundle: Bundle, embedded: MlflowClient, tmp_path: Path
) -> None:
    version = _proposed(bundle, tmp_path, "proposed")
    assert (version.proposal, version.proposed, version.decided) == ("waiting", "It is better.", "")
    fetch_proposal(version, tmp_path / "copied")
    assert (tmp_path / "copied" / "proposal.html").read_text() == "a page"
    second = _proposed(bundle, tmp_path, "proposed")
    assert [one.version for one in read_waiting("proposed")] == [second.version, version.version]
    settle(version, "ann: it is fine", approved=True)
    settle(second, "ann: too early", approved=False)
    assert read_waiting("proposed") == []
    found = [find("proposed", one.version) for one in (version, second)]
    assert [(one.proposal, one.decided) for one in found] == [
        ("approved", "ann: it is fine"),
        ("rejected", "ann: too early"),
    ]


def test_a_proposal_that_the_site_approves_waits_for_nobody(
    bundle: Bundle, embedded: MlflowClient, tmp_path: Path
) -> None:
    version = _proposed(bundle, tmp_path, "by-the-site", approved="the site: not worse")
    assert (version.proposal, version.decided) == ("approved", "the site: not worse")
    assert read_waiting("by-the-site") == []


def test_trainings_are_remembered_with_what_they_learned_from_and_by(
    bundle: Bundle, embedded: MlflowClient, tmp_path: Path
) -> None:
    assert read_trained("remembered") == []
    began = datetime.now(UTC).replace(tzinfo=None)
    register(bundle.path, name="remembered")
    _proposed(bundle, tmp_path, "remembered")
    record_missed("remembered", Basis("other", "settings"), "roc_auc is 0.600")
    trained = read_trained("remembered")
    assert sorted(((one.version, one.basis) for one in trained), key=lambda one: one[0]) == [
        ("", Basis("other", "settings")),
        ("1", Basis()),
        ("2", Basis("data", "settings")),
    ]
    assert all(began - timedelta(seconds=5) <= one.at <= datetime.now(UTC).replace(tzinfo=None) for one in trained)


def test_an_alias_names_a_version(bundle: Bundle, embedded: MlflowClient, tmp_path: Path) -> None:
    version = register(bundle.path, name="aliased")
    embedded.set_registered_model_alias("aliased", "champion", version.version)
    assert read_bundle(fetch("aliased", "champion", tmp_path / "bundle")).digest == bundle.digest


def test_a_version_is_found_as_it_was_registered(bundle: Bundle, embedded: MlflowClient) -> None:
    version = register(bundle.path, name="found")
    assert find("found", "1") == version
    set_alias("found", "champion", "1")
    assert find("found", "champion") == version
    with pytest.raises(RegistryError, match="no such version or alias.*'challenger'.*It has versions: 1"):
        find("found", "challenger")


def test_a_version_of_another_making_is_not_released(embedded: MlflowClient) -> None:
    embedded.create_registered_model("other")
    embedded.create_model_version("other", "s3://bucket/model")
    with pytest.raises(RegistryError, match="not of a sealed bundle"):
        find("other", "1")


def test_an_alias_is_set_moved_and_removed(bundle: Bundle, embedded: MlflowClient) -> None:
    for _ in range(2):
        register(bundle.path, name="moving")
    for version in ("1", "2"):
        set_alias("moving", "champion", version)
        assert read_aliases("moving") == {"champion": version}
    with pytest.raises(RegistryError, match="no such version"):
        set_alias("moving", "champion", "9")
    set_alias("moving", "champion", None)
    assert read_aliases("moving") == {}


def test_another_folder_fetches_what_one_registered(
    bundle: Bundle, embedded: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.chdir(home.parent)
    monkeypatch.setenv("EARLYBELL_HOME", home.name)
    register(bundle.path, name="moved")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARLYBELL_HOME", str(home))
    assert fetch("moved", "1", Path("bundle")) == Path("bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_without_a_setting_the_registry_lies_below_the_present_folder(
    bundle: Bundle, embedded: MlflowClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "mlflow", tmp_path / ".earlybell" / "mlflow")
    monkeypatch.delenv("EARLYBELL_HOME")
    monkeypatch.chdir(tmp_path)
    version = register(bundle.path, name="here")
    assert _stored(version).is_relative_to(tmp_path / ".earlybell" / "mlflow" / "artifacts")
    assert [path.name for path in tmp_path.iterdir()] == [".earlybell"]


def test_a_version_is_a_candidate_and_has_no_alias(bundle: Bundle, embedded: MlflowClient) -> None:
    version = register(bundle.path, name="candidate")
    registered = embedded.get_model_version("candidate", version.version)
    assert registered.tags == {
        "candidate": "true",
        "bundle_digest": bundle.digest,
        "data_digest": DATA.digest,
        "catalogue_hash": bundle.catalogue.hash,
        "label": "outcome",
        "gates": "passed",
        "gates.roc_auc": "0.810, at least 0.650",
        "gates.calibration_error": "0.050, at most 0.150",
    }
    assert embedded.get_registered_model("candidate").aliases == {}


def test_the_run_holds_parameters_metrics_and_data(bundle: Bundle, embedded: MlflowClient) -> None:
    version = register(bundle.path, name="run", settings={"source": "postgresql://reader:secret@moodle/db"})
    run = embedded.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "candidate": "logistic",
        "seed": "42",
        "rows": "20173",
        "learners": "2004",
        "settings.C": "0.3",
        "pipeline.source": "postgresql://moodle/db",
    }
    auc = "course_run.0.4.roc_auc"
    measured = {auc: 0.81, f"{auc}.low": 0.78, f"{auc}.high": 0.84, "course_run.all.roc_auc": 0.7}
    assert run.data.metrics == measured | {"course_run.0.4.calibration_error": 0.05}
    assert run.inputs is not None
    assert run.outputs is not None
    (data,) = run.inputs.dataset_inputs
    assert json.loads(data.dataset.source) == {"sources": list(DATA.sources), "digest": DATA.digest}
    (model,) = run.outputs.model_outputs
    assert {metric.key for metric in embedded.get_logged_model(model.model_id).metrics or []} == set(run.data.metrics)


def test_mlflow_itself_reads_the_signature_and_gives_the_bundle_back(
    bundle: Bundle, embedded: MlflowClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(bundle.path, name="public")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/mlflow/mlflow.db")
    downloaded = Path(download_artifacts("models:/public/1", dst_path=str(tmp_path / "downloaded")))
    info = get_model_info(str(downloaded))
    assert info.flavors == {"earlybell": {"format": FORMAT, "data": "bundle", "digest": bundle.digest}}
    assert info.signature is not None
    assert info.signature.inputs.input_names() == list(FEATURES)
    assert {str(kind) for kind in info.signature.inputs.input_types()} == {"DataType.float"}
    assert info.signature.outputs.input_names() == ["risk"]
    assert read_bundle(downloaded / "bundle").digest == bundle.digest


def test_a_bundle_that_was_changed_is_not_registered(bundle: Bundle, embedded: MlflowClient, tmp_path: Path) -> None:
    changed = shutil.copytree(bundle.path, tmp_path / "changed")
    (changed / "model.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"model\.onnx"):
        register(changed, name="changed")


def test_a_bundle_without_a_verdict_is_not_registered(embedded: MlflowClient, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="without a verdict .*Train again"):
        register(_sealed(tmp_path / "old", None).path, name="old")
    assert not embedded.search_registered_models("name='old'")


def test_a_bundle_that_missed_a_gate_is_not_registered(embedded: MlflowClient, tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"roc_auc is 0\.810, asked: at least 0\.900"):
        register(_sealed(tmp_path / "missed", Gates(min_auc=0.9)).path, name="missed")
    assert not embedded.search_registered_models("name='missed'")


def test_a_missed_gate_that_was_waived_is_registered_with_the_reason(embedded: MlflowClient, tmp_path: Path) -> None:
    version = register(_sealed(tmp_path / "waived", Gates(min_auc=0.9), "a trial").path, name="waived")
    tags = embedded.get_model_version("waived", version.version).tags
    assert {name: tags[name] for name in ("gates", "gates_waived", "gates.roc_auc")} == {
        "gates": "waived",
        "gates_waived": "a trial",
        "gates.roc_auc": "0.810, at least 0.900",
    }
    assert find("waived", "1").verdict == version.verdict == "waived: a trial"


def test_a_version_of_before_verdicts_is_waived_by_a_tag(embedded: MlflowClient) -> None:
    embedded.create_registered_model("before")
    embedded.create_model_version("before", "s3://bucket/model", tags={"bundle_digest": "0" * 64})
    version = find("before", "1")
    assert (version.gates, version.verdict) == ("", "not recorded")
    waive(version, "it has served for a year")
    assert find("before", "1").verdict == "waived: it has served for a year"


@pytest.mark.parametrize("resealed", [False, True], ids=["a file", "a file and the manifest"])
def test_tampered_artifacts_are_refused(resealed: bool, bundle: Bundle, embedded: MlflowClient, tmp_path: Path) -> None:
    version = register(bundle.path, name="tampered")
    stored = _stored(version)
    (stored / "model.onnx").write_bytes(b"other")
    if resealed:
        (stored / "manifest.json").unlink()
        seal(stored, Manifest(data=DATA))
    with pytest.raises(RegistryError, match="are not the bundle that was registered") as caught:
        fetch("tampered", version.version, tmp_path / "out")
    assert caught.value.value == ("manifest.json" if resealed else "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_artifacts_are_refused(bundle: Bundle, embedded: MlflowClient, tmp_path: Path) -> None:
    version = register(bundle.path, name="missing")
    shutil.rmtree(_stored(version))
    with pytest.raises(RegistryError, match="refused"):
        fetch("missing", version.version, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # SQLAlchemy, of MLflow
@pytest.mark.parametrize("name", ["it's", "100%20 is 5?", '[x]* {1} #a&b=c "é"'])
def test_a_home_may_have_any_name(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """MLflow puts the present folder and its database's address into SQL and URLs as they are."""
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    monkeypatch.setenv("EARLYBELL_HOME", "home")
    version = register(bundle.path, name="own")
    assert version.version == "1"
    assert fetch("own", "1", Path("bundle")) == Path("bundle")
    with pytest.raises(RegistryError, match="It has versions: 1"):
        fetch("own", "2", Path("other"))
    with pytest.raises(RegistryError, match=f"{APOSTROPHE}.*It has versions: none"):
        fetch(APOSTROPHE, "2", Path("other"))
    assert sorted(path.name for path in Path().iterdir()) == ["bundle", "home"]
    assert (Path("home") / "mlflow" / "mlflow.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("requested", ["7", "champion"], ids=["version", "alias"])
@pytest.mark.parametrize(
    ("name", "existing"), [("one", "1"), ("unknown", "none")], ids=["known model", "unknown model"]
)
def test_a_version_that_is_not_there_names_those_that_are(
    name: str, existing: str, requested: str, bundle: Bundle, embedded: MlflowClient, tmp_path: Path
) -> None:
    if not embedded.search_model_versions("name='one'"):
        register(bundle.path, name="one")
    with pytest.raises(RegistryError, match=f"{requested}.*It has versions: {existing}"):
        fetch(name, requested, tmp_path / "out")


def test_a_folder_that_holds_something_is_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="not empty"):
        fetch("any", "1", tmp_path)


def test_a_name_that_mlflow_refuses_is_named_and_its_run_failed(bundle: Bundle, embedded: MlflowClient) -> None:
    with pytest.raises(RegistryError, match="not/a name"):
        register(bundle.path, name="not/a name")
    experiment = embedded.get_experiment_by_name("not/a name")
    assert experiment is not None
    (run,) = embedded.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"


def test_a_server_takes_a_bundle_and_gives_it_back(
    bundle: Bundle, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    versions = [register(bundle.path) for _ in range(2)]
    assert [version.version for version in versions] == ["1", "2"]
    assert versions[0].address.startswith("mlflow-artifacts:/")
    assert read_bundle(fetch("learner-risk", "2", tmp_path / "bundle")).digest == bundle.digest
    with pytest.raises(RegistryError, match="no such version or alias"):
        fetch("learner-risk", "champion", tmp_path / "other")


@pytest.mark.parametrize("at", ["a server", "no server"])
def test_registering_prints_nothing(
    at: str, bundle: Bundle, server: str, embedded: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if at == "a server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    code = "import pathlib, sys, components.registry as r; r.register(pathlib.Path(sys.argv[1]), name='quiet')"
    command = [sys.executable, "-W", "error", "-c", code, str(bundle.path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unreachable_server_is_an_error_in_seconds_without_its_password(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://reader:secret@127.0.0.1:{_free_port()}")
    started = time.monotonic()
    with pytest.raises(RegistryError, match=r"at http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        register(bundle.path)
    assert time.monotonic() - started < 15
    assert "secret" not in str(caught.value) + "".join(capfd.readouterr())


def test_a_server_that_wants_a_password_says_which_settings_hold_it(
    bundle: Bundle, closed_door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed_door)
    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_PASSWORD"):
        register(bundle.path)


def test_an_address_that_mlflow_does_not_know_is_an_error(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://reader:secret@site")
    with pytest.raises(RegistryError, match="Check MLFLOW_TRACKING_URI") as caught:
        register(bundle.path)
    assert "secret" not in str(caught.value)


def test_importing_the_room_does_not_import_mlflow() -> None:
    code = "import sys, components.registry, components.registry.component; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
