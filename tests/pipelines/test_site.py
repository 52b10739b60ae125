"""What a site's values say of every pod, the tasks of its pipelines are given too: as the chart's own pods are."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format  # type: ignore[import-untyped]
from kfp import dsl

from components.extract.component import extract
from earlybell.errors import SettingError
from pipelines import cluster
from pipelines.site import PROXIES, TRUST_PATH, Site, read_site
from tests.helm.render import CHART, pods, rendered
from tests.helm.tools import ROOT
from tests.pipelines.executor import Compiled, read

Values = dict[str, Any]
WHOLE: Values = {
    "env": {"TZ": "Europe/Berlin", "AWS_CA_BUNDLE": "/etc/other.pem"},
    "trust": {"configMap": "authorities", "key": "bundle.pem"},
    "proxy": {"http": "http://proxy:3128", "https": "http://proxy:3129", "noProxy": [".example.org", "10.0.0.0/8"]},
    "networkPolicies": {"pipelines": "kfp", "proxy": [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [3128]}]},
    "scheduling": {
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [
            {"key": "own", "operator": "Equal", "value": "us", "effect": "NoExecute", "tolerationSeconds": 9}
        ],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    },
}


@pytest.fixture(scope="module")
def full_site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Compiled]]:
    """A file of values, and both pipelines as a person compiles them with it."""
    folder = tmp_path_factory.mktemp("site")
    values = written(folder / "site.yaml", WHOLE)
    words = [sys.executable, "-m", "pipelines", "compile", str(folder), "--values", str(CHART / "values.yaml")]
    done = subprocess.run([*words, "--values", str(values)], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return values, [read(folder / f"{name}.yaml") for name in ("training", "prediction")]


def tasks(pipelines: list[Compiled]) -> dict[str, tuple[Compiled, Values]]:
    """What is Kubernetes' own of every task that is a pod, by its name."""
    named = [(compiled, name) for compiled in pipelines for name in compiled.tasks if not name.startswith("for-loop-")]
    return {name: (compiled, compiled.kubernetes(name)) for compiled, name in named}


def written(file: Path, values: Values) -> Path:
    file.write_text(yaml.safe_dump(values))
    return file


def settled(site: Site, monkeypatch: pytest.MonkeyPatch) -> Values:
    """What is Kubernetes' own of a task of a site."""
    monkeypatch.setattr(cluster, "_SITE", site)

    def of_one() -> None:
        task = extract(sources=[], max_bad_share=0.1)
        cluster.on_cluster(task, cluster.LIGHT)

    platform = dsl.pipeline(of_one).platform_spec.platforms["kubernetes"]
    task: Values = json_format.MessageToDict(platform)["deploymentSpec"]["executors"]["exec-extract"]
    return task


def test_a_task_has_the_variables_that_the_charts_own_pods_have(full_site: tuple[Path, list[Compiled]]) -> None:
    values, pipelines = full_site
    job = pods(rendered("-f", str(values)))["CronJob/earlybell-aliases"]["containers"][0]
    expected = {variable["name"]: variable["value"] for variable in job["env"] if variable["name"] != "HOME"}
    assert len(expected) == 13
    for name, (pipeline, _) in tasks(pipelines).items():
        variables = {variable["name"]: variable["value"] for variable in pipeline.container(name)["env"]}
        assert expected.items() <= variables.items(), name


def test_a_task_has_the_authorities_nodes_and_taints_of_the_site(full_site: tuple[Path, list[Compiled]]) -> None:
    for name, (_, own) in tasks(full_site[1]).items():
        (volume,) = own["configMapAsVolume"]
        assert (volume["configMapName"], volume["mountPath"]) == ("authorities", "/etc/earlybell/trust"), name
        assert own["nodeSelector"] == {"labels": {"kubernetes.io/arch": "arm64"}}
        (taint,) = own["tolerations"]
        assert {key: str(value) for key, value in taint.items()} == {
            "key": "own", "operator": "Equal", "value": "us", "effect": "NoExecute", "tolerationSeconds": "9",
        }  # fmt: skip
        assert own["nodeAffinity"]


def test_secrets_of_a_site_stay_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"proxy": {"secret": "proxy"}, "trust": {"secret": "authorities"}}
    own = settled(read_site([written(tmp_path / "site.yaml", values)]), monkeypatch)
    assert [(mount["secretName"], mount["mountPath"]) for mount in own["secretAsVolume"]] == [
        ("authorities", TRUST_PATH)
    ]
    keys = {
        (source["secretName"], key["secretKey"], key["envVar"], source["optional"])
        for source in own["secretAsEnv"]
        for key in source["keyToEnv"]
    }
    assert keys == {("proxy", name, spelt, True) for name in PROXIES for spelt in (name, name.lower())}


def test_a_task_on_openshift_runs_as_whom_the_cluster_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    own = settled(read_site([CHART / "values.yaml", CHART / "values-openshift.yaml"]), monkeypatch)
    assert own["securityContext"] == {"runAsNonRoot": True}


def test_a_later_file_of_values_wins_as_with_helm(tmp_path: Path) -> None:
    first = written(tmp_path / "first.yaml", {"podSecurity": {"runAsUser": None, "runAsGroup": 7}, "env": {"A": "1"}})
    second = written(tmp_path / "second.yaml", {"podSecurity": {"runAsGroup": 8}, "env": {"B": "2"}})
    site = read_site([first, second])
    assert (site.user, site.group, site.variables) == (None, 8, {"A": "1", "B": "2"})


def test_null_takes_a_key_away_as_with_helm(tmp_path: Path) -> None:
    """And what tasks do not have is not looked at."""
    first = written(tmp_path / "first.yaml", {"env": {"A": "1", "B": "2"}, "scheduling": {"nodeSelector": {"a": "b"}}})
    taken = {"env": {"A": None}, "scheduling": {"nodeSelector": {"a": None}}, "proxy": None, "serving": 3}
    site = read_site([first, written(tmp_path / "second.yaml", taken)])
    assert (site.variables, site.node_selector) == ({"B": "2"}, {})


def test_without_values_a_task_is_as_the_charts_defaults_say() -> None:
    assert read_site([]) == read_site([CHART / "values.yaml"])


@pytest.mark.parametrize(
    ("text", "says"), [(None, "No such file"), ("[1]", "no mapping"), ("trust: 3", "trust"), (": {", "cannot be read")]
)
def test_values_that_are_none_are_refused_by_their_name(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "site.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingError, match=says):
        read_site([file])
