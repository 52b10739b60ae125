"""Pipelines submitted to a cluster; against a real backend where KFP_ENDPOINT names one."""

import os
import shutil
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from earlybell.errors import PipelineError, SettingError
from pipelines.compiled import PIPELINES
from pipelines.submit import Backend, Schedule, read_parameters, read_schedule
from tests.serving.running import free_ports

SOURCE = "simulate:learners=250,courses=2,runs=2,weeks=8,events=60,seed=5"
ENDPOINT = os.environ.get("KFP_ENDPOINT", "")
MODEL = f"of-tests-{os.getpid()}"  # a name of its own: nobody's versions are counted up
PASSING = ("min_auc=0.5", "max_disparity=1", "min_brier_skill=-1", "max_worst_calibration_error=1")
LOOKED_AT = ("since=2023-04-01", "as_of=2023-05-20")  # days on which course runs of the source are under way
DECIDES = ("extract", "fetch", "monitor", "monitoring-report", "list-trainings", "decide")  # of a retraining, always


def _pipelines(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KFP_")} | variables
    command = [sys.executable, "-W", "error", "-m", "pipelines", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=4 * 3600)


@pytest.mark.parametrize(
    ("cron", "weeks", "expected"),
    [
        ("", 0, None),
        ("", 2, Schedule(seconds=1209600)),
        ("0 3 * * *", 0, Schedule("0 0 3 * * *")),
        ("30 0 3 * * *", 0, Schedule("30 0 3 * * *")),
    ],
    ids=["now", "two weeks", "cron", "cron with seconds"],
)
def test_a_schedule_is_read_as_people_write_it(cron: str, weeks: int, expected: Schedule | None) -> None:
    assert read_schedule(cron, weeks) == expected


@pytest.mark.parametrize("cron", ["*/15 0-6 1,15 JAN-MAR,12 MON", "0 0 ? * sun", "59 59 23 31 12 6", "0 3 * * 1-5/2"])
def test_lists_ranges_steps_and_names_are_a_schedule(cron: str) -> None:
    assert read_schedule(cron, 0) == Schedule(" ".join(["0", *cron.split()][-6:]))


@pytest.mark.parametrize(
    ("cron", "field"),
    [
        ("60 3 * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 3 0 * *", "day"),
        ("0 3 * 13 *", "month"),
        ("0 3 * * 7", "weekday"),
        ("0 3 * * FUN", "weekday"),
        ("0 3 * * 5-1", "weekday"),
        ("*/0 3 * * *", "minute"),
        ("0 3, * * *", "hour"),
        ("0 3 * * ٣", "weekday"),
        ("at three o clock now", "minute"),
    ],
)
def test_a_field_that_is_none_is_named(cron: str, field: str) -> None:
    with pytest.raises(SettingError, match=f"not a schedule, by its {field}"):
        read_schedule(cron, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--source", "moodle:/sources/x"), "unknown kind of source: 'moodle:/sources/x'"),
        (("--source", "/sources/x"), "unknown kind of source: '/sources/x'"),
        (("--source", SOURCE, "--schedule", "0 25 * * *"), "not a schedule, by its hour: '25'"),
        (
            ("--source", SOURCE, "--every-weeks", "2", "--set", "without_gates=a trial"),
            "gates are not waived again and again: 'a trial'",
        ),
    ],
    ids=["kind", "no kind", "cron", "waived for ever"],
)
def test_what_is_submitted_is_checked_before_kubeflow_is_asked(arguments: tuple[str, ...], message: str) -> None:
    done = _pipelines("submit", "training", *arguments, "--endpoint", "http://127.0.0.1:1")
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_compiling_to_where_nothing_can_be_written_names_the_path() -> None:
    done = _pipelines("compile", "/proc/nothing")
    assert done.returncode == 2
    assert done.stderr == (
        "error: the folder cannot be written: '/proc/nothing'. No such file or directory: name another, or change its "
        "rights.\n"
    )


@pytest.mark.parametrize(("cron", "weeks"), [("every day", 0), ("0 3 * * *", 2)], ids=["words", "both"])
def test_what_is_not_a_schedule_is_refused(cron: str, weeks: int) -> None:
    with pytest.raises(SettingError):
        read_schedule(cron, weeks)


def test_parameters_have_the_types_of_the_pipeline() -> None:
    values = read_parameters("prediction", [SOURCE], ["version=3", "capacity=20"])
    assert values == {"sources": [SOURCE], "version": "3", "capacity": 20.0}


@pytest.mark.parametrize("setting", ["colour=red", "capacity", "capacity=many"])
def test_a_parameter_that_the_pipeline_does_not_have_is_named(setting: str) -> None:
    with pytest.raises(SettingError, match=setting.partition("=")[2] or setting):
        read_parameters("prediction", [SOURCE], [setting])


@pytest.mark.parametrize("command", ["compile", "submit"])
def test_a_command_has_help_with_an_example(command: str) -> None:
    done = _pipelines(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example: python -m pipelines" in done.stdout


def test_a_backend_that_is_not_there_is_named_soon() -> None:
    (port,) = free_ports(1)
    done = _pipelines("submit", "training", "--source", SOURCE, KFP_ENDPOINT=f"http://127.0.0.1:{port}")
    assert done.returncode == 13, done.stderr
    assert f"Kubeflow Pipelines at http://127.0.0.1:{port} cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_another_is_named() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    done = _pipelines("submit", "training", "--source", SOURCE, "--endpoint", address)
    server.shutdown()
    server.server_close()
    assert done.returncode == 13, done.stderr
    assert f"{address} refuses" in done.stderr
    assert "404" in done.stderr
    assert len(done.stderr.splitlines()) == 1


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mentoring", "--source", SOURCE, "--endpoint", "http://localhost:1"], "no such pipeline: 'mentoring'"),
        (["training", "--source", SOURCE], "--endpoint or KFP_ENDPOINT"),
        (
            ["training", "--source", SOURCE, "--endpoint", "http://localhost:1", "--every-weeks", "2", "--wait"],
            "--wait",
        ),
    ],
    ids=["pipeline", "endpoint", "wait"],
)
def test_a_wrong_setting_is_named(arguments: list[str], message: str) -> None:
    done = _pipelines("submit", *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr


def test_the_compiled_image_is_the_sites_own_where_it_names_one(tmp_path: Any) -> None:
    done = _pipelines("compile", str(tmp_path), "--image", "registry.example/components:7")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 * len(list(tmp_path.glob("*-kubernetes.yaml"))) == 8
    assert "image: registry.example/components:7" in (tmp_path / "training.yaml").read_text()


@pytest.fixture(scope="module")
def backend() -> Backend:
    """A real Kubeflow Pipelines, in whose namespace lies what docs/how-to/run-the-pipelines.md asks for.

    `KFP_ENDPOINT` names it; `KFP_NAMESPACE`, `KFP_TOKEN` and `EARLYBELL_IMAGE` as for `python -m pipelines submit`.
    """
    if not ENDPOINT:
        pytest.skip("KFP_ENDPOINT does not name a Kubeflow Pipelines 2.17: see docs/how-to/run-the-pipelines.md")
    if missing := _missing():
        pytest.fail(f"tasks would wait for {', '.join(missing)} without end: see docs/how-to/run-the-pipelines.md")
    return Backend(ENDPOINT, os.environ.get("KFP_TOKEN", ""), os.environ.get("KFP_NAMESPACE", ""))


def _missing() -> list[str]:
    """What tasks need and their namespace lacks, if kubectl shows it."""
    where = os.environ.get("KFP_NAMESPACE") or _kubectl(
        *("get", "service", "-A", "--field-selector=metadata.name=ml-pipeline"),
        *("-o", "jsonpath={.items[*].metadata.namespace}"),
    )
    if len(where.split()) != 1:
        return []
    needed = ("configmap/earlybell-settings", "secret/earlybell-pseudonym", "persistentvolumeclaim/earlybell-sources")
    there = _kubectl("-n", where, "get", *needed, "--ignore-not-found", "-o", "name").split()
    return [f"{resource} in {where}" for resource in needed if resource not in there]


def _kubectl(*arguments: str) -> str:
    if not shutil.which("kubectl"):
        return ""
    return subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def trained(backend: Backend) -> set[str]:
    """What a training told of its steps, which made version 1."""
    return _told("training", *PASSING)


def test_a_training_runs_whole_on_a_backend(trained: set[str]) -> None:
    assert trained == {f"{step}: succeeded" for step in _steps("training")}


@pytest.mark.parametrize(
    ("name", "settings"),
    [("prediction", ("version=1", "as_of=0.5")), ("monitoring", ("version=1", *LOOKED_AT))],
    ids=["prediction", "monitoring"],
)
def test_what_a_site_runs_every_night_runs_whole_on_a_backend(
    trained: set[str], name: str, settings: tuple[str, ...]
) -> None:
    assert _told(name, *settings) == {f"{step}: succeeded" for step in _steps(name)}


def test_a_retraining_trains_on_a_backend_what_is_due_and_trains_it_once(trained: set[str]) -> None:
    due = ("version=1", *PASSING, "capacity=0.3", "calendar_days=0", "cool_down_days=0", "budget=100")
    first, again = _told("retraining", *due), _told("retraining", *due)
    # Not all: Argo compresses the state of a workflow beyond 1 MiB, and KFP 2.17 does not read that.
    assert {f"{step}: succeeded" for step in DECIDES} <= first
    assert first <= {f"{step}: succeeded" for step in _steps("retraining") - {"push-gauges-2"}}
    assert again == {f"{step}: succeeded" for step in (*DECIDES, "push-gauges-2")}  # of the same basis is a version now


def test_a_run_that_fails_names_the_step(backend: Backend) -> None:
    run = backend.run("prediction", {"sources": ["tables:/sources/nobody"], "model_name": MODEL, "version": "1"})
    lines = list[str]()
    with pytest.raises(PipelineError, match="extract"):
        backend.wait(run, lines.append)
    assert "extract: failed" in lines


def test_a_recurring_run_is_replaced_by_a_changed_one_and_left_alone_by_the_same(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.submit.EXPERIMENT", "earlybell-tests")  # those of a site are in its own
    crons = ("0 0 3 1 1 *", "0 0 3 1 1 *", "0 0 4 1 1 *")
    created, same, other = (backend.schedule("prediction", {"sources": [SOURCE]}, Schedule(cron)) for cron in crons)
    first, last = (outcome.split()[2].rstrip(",") for outcome in (created, other))
    backend._client.delete_recurring_run(last)
    assert same == f"recurring run {first} stays as it is"
    assert other.endswith(f", in the place of {first}")


def test_a_retraining_reads_its_source_anew_on_a_backend(backend: Backend) -> None:
    sources: dict[str, Any] = {"sources": [SOURCE], "model_name": MODEL}
    for _ in range(2):
        run = backend.run("training", sources | {"min_auc": 0.5, "max_disparity": 1.0, "min_brier_skill": -1.0})
        backend.wait(run, print)
        assert "SKIPPED" not in {state for _, state in backend.nodes(run)}


def _told(name: str, *settings: str) -> set[str]:
    """What a pipeline tells of its steps, submitted and awaited."""
    chosen = [word for setting in (*settings, f"model_name={MODEL}") for word in ("--set", setting)]
    done = _pipelines("submit", name, "--source", SOURCE, *chosen, "--wait", **_backend_variables())
    assert done.returncode == 0, done.stdout + done.stderr
    _, *lines = done.stdout.splitlines()
    return set(lines)


def _steps(name: str) -> set[str]:
    """The tasks of a pipeline that are a pod."""
    spec = PIPELINES[name].pipeline_spec
    graphs = [spec.root, *spec.components.values()]
    return {task for graph in graphs for task in graph.dag.tasks if f"exec-{task}" in spec.deployment_spec["executors"]}


def _backend_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("KFP_")}
