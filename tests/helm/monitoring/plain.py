"""The chart's monitoring without an operator: rules and scrape rules as plain Prometheus has them, and queries."""

import copy
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

FILES = Path(__file__).parents[3] / "helm/earlybell/files"
RULES = sorted((FILES / "rules").glob("*.yaml"))
DASHBOARDS = sorted((FILES / "dashboards").glob("*.json"))
Object = dict[str, Any]
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def groups(namespace: str = "NAMESPACE") -> list[Object]:
    """The groups of all rule files, for the site in a namespace."""
    texts = (path.read_text().replace("NAMESPACE", namespace) for path in RULES)
    return [group for text in texts for group in yaml.safe_load(text)["groups"]]


def rules() -> list[Object]:
    """The rules of all files."""
    return [rule for group in groups() for rule in group["rules"]]


def faster(groups: list[Object], factor: float) -> list[Object]:
    """Groups in which all time runs faster: each range and offset, `for` and interval is divided by a factor.

    Limits stay as they are: a share is the same share, and an age the same age.
    """
    copied = copy.deepcopy(groups)
    for group in copied:
        if "interval" in group:
            group["interval"] = _divided(group["interval"], factor)
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"\[(\w+)\]", lambda match: f"[{_divided(match[1], factor)}]", rule["expr"])
            if "for" in rule:
                rule["for"] = _divided(rule["for"], factor)
    return copied


def _divided(duration: str, factor: float) -> str:
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", duration).groups()  # type: ignore[union-attr]
    return f"{max(1, round(int(number) * _UNITS[unit] * 1000 / factor))}ms"


def routes(webhook: str, namespace: str) -> Object:
    """The routes of a site to a webhook, without the time that they gather alerts for."""
    text = (FILES / "alertmanager/alertmanager.yml").read_text().replace("NAMESPACE", namespace)
    config: Object = yaml.safe_load(text)
    config["route"]["routes"][0] |= {"group_wait": "1s", "group_interval": "1s"}
    config["receivers"][1]["webhook_configs"][0]["url"] = webhook
    return config


def queries(dashboard: Path, namespace: str, interval: str = "5m") -> dict[str, str]:
    """The queries of a dashboard as Grafana sends them, by their panel's title and the query's letter.

    Args:
        interval: what `$__rate_interval` stands for: four times the interval at which Prometheus asks.
    """
    values = {"$__rate_interval": interval, "$namespace": namespace, "$version": ".+", "$revision": ".+"}
    by_title = {}
    for panel in json.loads(dashboard.read_text())["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for name, value in values.items():
                query = query.replace(name, value)
            by_title[f"{panel['title']}, {target['refId']}"] = query
    return by_title


def scrape_configs(objects: list[Object], pods: Path) -> list[Object]:
    """What the Prometheus operator makes of the chart's PodMonitor, ScrapeConfig and Probe.

    Args:
        pods: JSON file of `pod_targets`, read again when it changes: Debian's Prometheus cannot ask Kubernetes itself.
    """
    makers: dict[str, Callable[[Object], Object]] = {
        "PodMonitor": partial(_of_pods, pods),
        "ScrapeConfig": _of_addresses,
        "Probe": _of_probe,
    }
    return [makers[manifest["kind"]](manifest) for manifest in objects if manifest["kind"] in makers]


def pod_targets(pods: list[Object]) -> list[Object]:
    """What Prometheus discovers of pods, as the API server has them: a target for each port of each container."""
    meta = "__meta_kubernetes_pod"
    targets = []
    for pod in pods:
        labels = {"__meta_kubernetes_namespace": pod["metadata"]["namespace"], f"{meta}_name": pod["metadata"]["name"]}
        labels[f"{meta}_phase"] = pod["status"]["phase"]
        for name, value in pod["metadata"].get("labels", {}).items():
            labels[f"{meta}_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"] = value
            labels[f"{meta}_labelpresent_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"] = "true"
        for container in pod["spec"]["containers"] if pod["status"].get("podIP") else ():
            for port in container.get("ports", []):
                number = str(port["containerPort"])
                of = {f"{meta}_container_name": container["name"], f"{meta}_container_port_number": number}
                targets.append({"targets": [f"{pod['status']['podIP']}:{number}"], "labels": labels | of})
    return targets


def _of_pods(pods: Path, monitor: Object) -> Object:
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    namespace = monitor["metadata"]["namespace"]
    (chosen,) = monitor["spec"]["selector"]["matchExpressions"]
    assert chosen["operator"] == "Exists"
    label = re.sub(r"\W", "_", chosen["key"])
    meta = "__meta_kubernetes_pod"
    relabelings = [
        {"source_labels": ["__meta_kubernetes_namespace"], "regex": namespace, "action": "keep"},
        {"source_labels": [f"{meta}_phase"], "regex": "(Failed|Succeeded)", "action": "drop"},
        {"source_labels": [f"{meta}_labelpresent_{label}"], "regex": "true", "action": "keep"},
        {"source_labels": [f"{meta}_container_port_number"], "regex": str(endpoint["portNumber"]), "action": "keep"},
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": [f"{meta}_container_name"], "target_label": "container"},
        {"source_labels": [f"{meta}_name"], "target_label": "pod"},
        *map(_snake, endpoint["relabelings"]),
    ]
    return {
        "job_name": f"podMonitor/{namespace}/{monitor['metadata']['name']}/0",
        "file_sd_configs": [{"files": [str(pods)], "refresh_interval": "1s"}],
        "metrics_path": endpoint["path"],
        "scrape_interval": endpoint["interval"],
        "honor_labels": endpoint["honorLabels"],
        "relabel_configs": relabelings,
    }


def _of_addresses(config: Object) -> Object:
    spec = config["spec"]
    return {
        "job_name": f"scrapeConfig/{config['metadata']['namespace']}/{config['metadata']['name']}",
        "scheme": spec["scheme"].lower(),
        "metrics_path": spec["metricsPath"],
        "scrape_interval": spec["scrapeInterval"],
        "honor_labels": spec["honorLabels"],
        "static_configs": spec["staticConfigs"],
        "metric_relabel_configs": [_snake(relabeling) for relabeling in spec["metricRelabelings"]],
    }


def _of_probe(probe: Object) -> Object:
    spec, static = probe["spec"], probe["spec"]["targets"]["staticConfig"]
    return {
        "job_name": spec["jobName"],
        "metrics_path": "/probe",
        "params": {"module": [spec["module"]]},
        "scrape_interval": spec["interval"],
        "static_configs": [{"targets": static["static"], "labels": static["labels"]}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": spec["prober"]["url"]},
        ],
    }


def _snake(settings: Object) -> Object:
    """The operator's names as Prometheus' own."""
    return {re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name): value for name, value in settings.items()}
