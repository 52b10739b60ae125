"""What the chart makes of its rules, routes and dashboards."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry

from components.pushgateway import gauges
from serving.runtime.guard import ROUTES
from tests.helm.monitoring.left import leave
from tests.helm.monitoring.plain import DASHBOARDS, FILES, groups, pod_targets, scrape_configs
from tests.helm.monitoring.running import prometheus, until
from tests.helm.render import CHART, NAMED, OVERLAYS, SITES, built, helm, named, rendered

OBJECTS = ("PodMonitor", "PrometheusRule", "ScrapeConfig", "Probe", "AlertmanagerConfig")


def _rules(*arguments: str) -> list[dict[str, Any]]:
    objects = rendered(*SITES["monitoring"], *arguments)
    return [
        group for manifest in objects if manifest["kind"] == "PrometheusRule" for group in manifest["spec"]["groups"]
    ]


def test_the_rules_of_a_site_are_the_tested_files_with_its_namespace() -> None:
    assert _stripped(_rules()) == _stripped(groups("site"))


def _stripped(groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {group["name"]: group["rules"] for group in groups}


def test_a_site_has_its_own_budgets_and_limits_and_does_without_some_alerts() -> None:
    own = {"budgets": {"errors": 0.001}, "limits": {"training_age": 60}, "without": ["EarlybellPredictionLate"]}
    rules = [rule for group in _rules("--set-json", json.dumps({"monitoring": own})) for rule in group["rules"]]
    expressions = {tuple(rule["labels"].values()): rule["expr"] for rule in rules if rule["expr"].startswith("vector(")}
    assert expressions["site", "errors"] == "vector(0.001)"
    assert expressions["site", "training_age"] == "vector(60)"
    assert expressions["site", "latency"] == "vector(0.01)"
    assert not [rule for rule in rules if rule.get("alert") == "EarlybellPredictionLate"]


def test_the_operators_objects_are_made_where_the_cluster_has_their_kinds() -> None:
    assert not [manifest for manifest in rendered() if manifest["kind"] in OBJECTS]
    has = ("--api-versions", "monitoring.coreos.com/v1", "--api-versions", "monitoring.coreos.com/v1alpha1")
    kinds = {manifest["kind"] for manifest in rendered(*has)}
    assert {"PodMonitor", "PrometheusRule"} <= kinds
    assert not {"ScrapeConfig", "Probe", "AlertmanagerConfig"} & kinds  # nobody has said what they are to ask, and tell
    assert {manifest["kind"] for manifest in rendered(*SITES["monitoring"])} >= set(OBJECTS)
    assert not [
        manifest for manifest in rendered(*SITES["all_off"]) if manifest["metadata"]["name"].endswith("-dashboard")
    ]


def test_what_prometheus_chooses_by_is_on_every_object() -> None:
    for manifest in rendered(*SITES["monitoring"]):
        if manifest["kind"] in OBJECTS:
            assert manifest["metadata"]["labels"]["release"] == "prometheus"


def test_prometheus_keeps_whatever_a_pipeline_leaves_at_the_pushgateway(monkeypatch: pytest.MonkeyPatch) -> None:
    left = set[str]()

    def keep(address: str, job: str, registry: CollectorRegistry, *_: Any) -> None:
        left.update(metric.name for metric in registry.collect())

    monkeypatch.setattr(gauges, "push_to_gateway", keep)
    leave("http://pushgateway:9091")
    assert {name.split("_")[1] for name in left} == {"pipeline", "watched"}
    (config,) = (manifest for manifest in rendered(*SITES["monitoring"]) if manifest["kind"] == "ScrapeConfig")
    (relabeling,) = config["spec"]["metricRelabelings"]
    assert [name for name in left if not re.fullmatch(relabeling["regex"], name)] == []


def test_every_dashboard_is_a_config_map_that_grafana_finds() -> None:
    objects = named(rendered())
    for path in DASHBOARDS:
        config_map = objects[f"ConfigMap/{path.stem}-dashboard"]
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert json.loads(config_map["data"][path.name]) == json.loads(path.read_text())


def test_the_plain_routes_are_those_of_the_operator() -> None:
    spec = named(rendered(*SITES["monitoring"]))["AlertmanagerConfig/earlybell"]["spec"]
    plain = yaml.safe_load((FILES / "alertmanager/alertmanager.yml").read_text().replace("NAMESPACE", "site"))
    assert _plain(spec["route"]) == plain["route"]["routes"][0]
    inhibition = {
        "source_matchers" if name == "source_match" else "target_matchers" if name == "target_match" else name: value
        for name, value in _plain(spec["inhibitRules"][0]).items()
    }
    assert [inhibition] == plain["inhibit_rules"]
    (own,) = spec["receivers"]
    assert own["webhookConfigs"][0]["url"] == plain["receivers"][1]["webhook_configs"][0]["url"]


def _plain(settings: Any) -> Any:
    """The operator's words as Alertmanager's."""
    if isinstance(settings, list):
        return [_plain(item) for item in settings]
    if not isinstance(settings, dict):
        return settings
    if "matchType" in settings:
        return f'{settings["name"]}{settings["matchType"]}"{settings["value"]}"'
    return {
        re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name): _plain(value) for name, value in settings.items()
    }


def test_the_pods_of_both_modes_are_asked_once_each_and_known_by_their_version(tmp_path: Path) -> None:
    knative = {"app": "learner-risk-predictor-00002", "serving.knative.dev/revision": "learner-risk-predictor-00002"}
    pods = [
        _pod("a", knative | {"earlybell.io/model-version": "4"}, kserve_container=8080, queue_proxy=9090),
        _pod("b", {"app": "isvc.learner-risk-v3-predictor"}, kserve_container=8080),
        _pod("c", {"app": "other"}, "other", kserve_container=8080),
    ]
    (tmp_path / "pods.json").write_text(json.dumps(pod_targets(pods)))
    configs = scrape_configs(rendered(*SITES["monitoring"]), tmp_path / "pods.json")
    with prometheus(tmp_path, [], configs) as running:
        address = f"{running.url}/api/v1/targets"
        until(lambda: len(httpx.get(address, trust_env=False).json()["data"]["activeTargets"]) == 4, 30)
        targets = httpx.get(address, trust_env=False).json()["data"]["activeTargets"]
    labels = {
        target["labels"]["pod"]: target["labels"]
        for target in targets
        if target["labels"]["job"] == "earlybell-serving"
    }
    assert set(labels) == {"a", "b"}
    assert {label_set["namespace"] for label_set in labels.values()} == {"site"}
    assert {label_set["inferenceservice"] for label_set in labels.values()} == {"learner-risk"}
    assert labels["a"]["revision"] == "learner-risk-predictor-00002"
    assert labels["a"]["model_version"] == "4"
    assert labels["b"]["revision"] == "learner-risk-v3-predictor"
    others = {
        target["labels"]["job"]: target["labels"]["instance"] for target in targets if "pod" not in target["labels"]
    }
    assert others["earlybell-probe"] == "https://risk.example.org/v2/models/learner-risk/ready"
    assert "pushgateway.monitoring.svc:9091" in others.values()


def test_what_a_probe_is_told_to_ask_needs_no_token_and_the_route_of_the_standard_mode_lets_it_through() -> None:
    places = (CHART / name for name in ("values.yaml", "README.md", "templates/monitoring/probe.yaml"))
    paths = [path for file in places for path in re.findall(r"https://risk\.example\.org(/[\w/-]+)", file.read_text())]
    assert len(paths) == 3
    (standard,) = (overlay for overlay in OVERLAYS if overlay.name == "standard")
    (rule,) = named(built(standard))["HTTPRoute/learner-risk-traffic"]["spec"]["rules"]
    routed = tuple(f"{match['path']['value']}/" for match in rule["matches"])
    assert [path for path in paths if not path.startswith(routed) or not ROUTES["health"][1].fullmatch(path)] == []


def _pod(name: str, labels: dict[str, str], namespace: str = "site", **ports: int) -> dict[str, Any]:
    """A pod of the model that runs, with a container for each port; nothing listens at its address."""
    labels = labels | {"serving.kserve.io/inferenceservice": "learner-risk"}
    containers = [
        {"name": container.replace("_", "-"), "ports": [{"containerPort": port}]} for container, port in ports.items()
    ]
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": "127.0.0.2"},
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("monitoring.budgets.errors=2", "errors"),
        ("monitoring.without={EarlybellNothing}", "without"),
        ("monitoring.interval=often", "interval"),
        ("monitoring.interval=10m", "interval"),  # rules of 5 minutes would find one sample at most
        ("monitoring.interval=121s", "interval"),
        ("monitoring.probe.exporter=http://a:1", "exporter"),
        ("monitoring.force=true,monitoring.probe.exporter=a:1", "monitoring.probe.url"),
        ("monitoring.force=true,monitoring.email.to=a@b.c", "monitoring.email.from"),
        ("monitoring.alerts=true", "alerts"),
    ],
)
def test_a_wrong_value_is_named(wrong: str, says: str) -> None:
    done = helm("template", "earlybell", ".", *NAMED, "--set", wrong)
    assert done.returncode != 0
    assert says in done.stderr
