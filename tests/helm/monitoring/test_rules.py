"""The rules: each is tested by promtool, on the very files that the chart brings; each alert says what to do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helm.monitoring.plain import FILES, RULES, faster, groups, rules
from tests.helm.monitoring.running import program

TESTS = sorted(Path(__file__).parent.glob("*.test.yaml"))
RUNBOOKS = Path(__file__).parents[3] / "docs/runbooks/alerts.md"
ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def _cases() -> list[dict[str, Any]]:
    return [case for path in TESTS for case in yaml.safe_load(path.read_text())["tests"]]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    done = subprocess.run([program("promtool"), "test", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_routes_are_valid() -> None:
    subprocess.run([program("promtool"), "check", "rules", *RULES], check=True, capture_output=True)
    routes = FILES / "alertmanager/alertmanager.yml"
    subprocess.run([program("amtool"), "check-config", routes], check=True, capture_output=True)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_to_fire_and_not_to_fire(alert: str) -> None:
    expected = [
        test["exp_alerts"]
        for case in _cases()
        for test in case.get("alert_rule_test", [])
        if test["alertname"] == alert
    ]
    assert any(expected), "no test in which it fires"
    assert not all(expected), "no test in which it does not fire"


@pytest.mark.parametrize("record", sorted({rule["record"] for rule in rules() if "record" in rule}))
def test_a_recorded_figure_is_tested(record: str) -> None:
    queries = [test["expr"] for case in _cases() for test in case.get("promql_expr_test", []) if test["exp_samples"]]
    assert any(re.search(rf"(?<![\w:]){record}(?![\w:])", query) for query in queries)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_how_bad_it_is_and_has_a_runbook(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/alerts.md#{alert.lower()}")
    words = re.search(rf"\n## {alert}\n+(.+?)(?=\n##|\Z)", RUNBOOKS.read_text(), re.S)
    assert words, f"{RUNBOOKS} says nothing of it"
    assert len(words[1].split()) > 20


def test_a_site_may_do_without_any_alert() -> None:
    schema = json.loads((FILES.parent / "values.schema.json").read_text())
    assert schema["properties"]["monitoring"]["properties"]["without"]["items"]["enum"] == sorted(ALERTS)


def test_only_alerts_have_a_runbook() -> None:
    assert set(re.findall(r"\n## (\w+)", RUNBOOKS.read_text())) == set(ALERTS)


def test_every_rule_looks_at_its_own_site_alone() -> None:
    for rule in rules():
        chosen = 'namespace="NAMESPACE"' in rule["expr"] or rule.get("labels", {}).get("namespace") == "NAMESPACE"
        assert chosen, rule
    assert "NAMESPACE" not in str(groups("site"))


def test_time_runs_faster_in_a_test_and_limits_stay() -> None:
    original = [
        {"name": "g", "interval": "1m", "rules": [{"alert": "A", "expr": "sum(rate(a[5m])) > 300", "for": "2m"}]}
    ]
    rule = {"alert": "A", "expr": "sum(rate(a[5000ms])) > 300", "for": "2000ms"}
    assert faster(original, 60) == [{"name": "g", "interval": "1000ms", "rules": [rule]}]
    assert original[0]["interval"] == "1m"
