"""The gauges of a pipeline that succeeded, in a real Pushgateway."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest
from kfp import dsl
from msgspec import structs

from components.pushgateway import push
from components.pushgateway.component import push_gauges
from components.watched import Row
from earlybell.errors import PipelineError, SettingError
from tests.serving.running import free_ports

PROGRAM = "prometheus-pushgateway"


@pytest.fixture
def pushgateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of one that runs, which the environment names."""
    program = shutil.which(PROGRAM) or _missing()
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    options = [f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]  # Debian's keeps one for all
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=log)
    try:
        _wait(address)
        assert process.poll() is None, f"another process took port {port}"
        monkeypatch.setenv("EARLYBELL_PUSHGATEWAY", address)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _missing() -> NoReturn:
    reason = f"{PROGRAM} is not installed (a package of Debian's)"
    if os.environ.get("CI") or os.environ.get("EARLYBELL_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/-/ready", timeout=5).close()  # noqa: S310
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(address)


def _gauges(address: str) -> dict[str, float]:
    """Ours, without the label `instance`, which is empty."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    ours = [line.replace('instance="",', "").rsplit(" ", 1) for line in lines if line.startswith("earlybell_")]
    return {name: float(value) for name, value in ours}


def test_a_run_leaves_its_time_its_duration_and_its_learners(pushgateway: str) -> None:
    assert push("prediction", "2026-01-01T03:00:00Z", {"learners": 12}, now=1767236460.0) == pushgateway
    label = '{job="earlybell-pipeline",pipeline="prediction"}'
    assert _gauges(pushgateway) == {
        f"earlybell_pipeline_last_success_timestamp_seconds{label}": 1767236460.0,
        f"earlybell_pipeline_last_run_seconds{label}": 60.0,
        f"earlybell_pipeline_last_run_learners{label}": 12.0,
    }


def test_the_next_run_takes_the_place_of_the_one_before_it_and_of_no_other_pipelines(pushgateway: str) -> None:
    for pipeline, now in (("training", 1.0), ("prediction", 2.0), ("prediction", 3.0)):
        push(pipeline, "", {}, now=now)
    assert sorted(_gauges(pushgateway).values()) == [1.0, 3.0]


def test_a_course_run_that_has_ended_leaves_no_gauge(pushgateway: str) -> None:
    for courses in ({"a": 5.0, "b": 7.0}, {"a": 6.0}):
        push("prediction", "", {}, {"data_age_teaching_seconds": courses}, now=1.0)
        gauges = {name: value for name, value in _gauges(pushgateway).items() if "data_age" in name}
        label = 'job="earlybell-pipeline",pipeline="prediction"'
        name = "earlybell_pipeline_data_age_teaching_seconds"
        assert gauges == {f'{name}{{course_id="{course}",{label}}}': value for course, value in courses.items()}


@pytest.mark.parametrize("kept", [{"age": {"A-1": 2.0}}, {"struct": {"age": {"A-1": 2.0}}}], ids=["here", "by KFP"])
def test_the_last_task_takes_what_is_nested_as_kfp_keeps_it(pushgateway: str, kept: dict[str, object]) -> None:
    predictions = dsl.Artifact(metadata={"learners": 12.0, "by_course": kept})
    push_gauges.python_func(pipeline="prediction", started="", result=predictions)
    label = '{course_id="A-1",job="earlybell-pipeline",pipeline="prediction"}'
    assert _gauges(pushgateway)[f"earlybell_pipeline_age{label}"] == 2.0


def test_without_an_address_nothing_is_pushed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYBELL_PUSHGATEWAY", "")
    assert push("training", "", {}) == ""


def test_what_is_not_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLYBELL_PUSHGATEWAY", "pushgateway:9091")
    with pytest.raises(SettingError, match="pushgateway:9091"):
        push("training", "", {})


def test_a_pushgateway_that_is_not_there_fails_the_step_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("EARLYBELL_PUSHGATEWAY", f"http://pusher:hidden@127.0.0.1:{port}")
    with pytest.raises(PipelineError, match=f"127.0.0.1:{port}") as error:
        push("training", "", {})
    assert "hidden" not in str(error.value)


def test_the_figures_that_were_watched_are_left_by_course_run_and_what_asks_to_act_is_counted(
    pushgateway: str,
) -> None:
    row = Row(
        course_id="A", version="3", as_of=datetime(2026, 3, 2), week=4, family="data", figure="coverage", value=0.25
    )
    bad = structs.replace(row, figure="missing_values", subject="clicks", status="warning", sentence="Many.")
    old = structs.replace(row, as_of=datetime(2026, 2, 23), value=0.5)
    unknown = structs.replace(row, figure="early_auc", family="early", value=None, status="unknown", sentence="None.")
    assert push("monitoring", "", {"course_runs": 1}, watched=[row, bad, old, unknown]) == pushgateway
    gauges = {name: value for name, value in _gauges(pushgateway).items() if "watched" in name}
    common = 'job="earlybell-pipeline",pipeline="monitoring"'
    figure, trouble = "earlybell_watched_figure", "earlybell_watched_trouble"
    assert gauges == {
        f'{figure}{{course_id="A",figure="coverage",{common},subject="all",version="3"}}': 0.25,
        f'{figure}{{course_id="A",figure="missing_values",{common},subject="clicks",version="3"}}': 0.25,
        f'{trouble}{{audience="it",course_id="A",family="data",{common},status="problem",version="3"}}': 0,
        f'{trouble}{{audience="it",course_id="A",family="data",{common},status="warning",version="3"}}': 1,
        f'{trouble}{{audience="mlops",course_id="A",family="data",{common},status="problem",version="3"}}': 0,
        f'{trouble}{{audience="mlops",course_id="A",family="data",{common},status="warning",version="3"}}': 0,
        f'{trouble}{{audience="mlops",course_id="A",family="early",{common},status="problem",version="3"}}': 0,
        f'{trouble}{{audience="mlops",course_id="A",family="early",{common},status="warning",version="3"}}': 0,
    }
