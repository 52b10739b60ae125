"""The chart's values: each is explained, checked and used, and a wrong one is refused by its name."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from earlybell import __version__
from tests.helm.render import CHART, NAMED, OVERLAYS, SITES, built, helm, named, rendered
from tests.helm.tools import ROOT

VALUES = (CHART / "values.yaml").read_text()
WRONG = {
    "unknown": (("--set", "servng.keep=true"), "servng"),
    "unknown_below": (("--set", "trail.adress=x"), "adress"),
    "anchors": (("--set", "trail.anchors=maybe"), "/trail/anchors"),
    "trail_of_another_kind": (("--set", "trail.address=mysql://a@b/c"), "/trail/address"),
    "password_of_the_trail": (("--set", "trail.address=postgresql://a:hush@b/c"), "trail.address"),
    "password_with_a_slash": (("--set", "trail.address=postgresql://a:hu/hush@b/c"), "trail.address"),
    "password_as_a_parameter": (("--set", "trail.address=postgresql://a@b/c?password=hush"), "trail.address"),
    "password_of_a_key": (("--set", "trail.address=postgresql://a@b/c?x=1&sslpassword=hush"), "trail.address"),
    "password_of_mlflow": (("--set", "mlflow.address=http://a:hush@b"), "mlflow.address"),
    "secret_that_the_pipelines_do_not_know": (("--set", "trail.secret=mine"), "'secret'"),
    "latest": (("--set", "images.serving.tag=latest"), "/images/serving/tag"),
    "tag_that_names_no_runtime": (("--set", "images.serving.tag=1.0_rc1"), "/images/serving/tag"),
    "tag_with_an_empty_part": (("--set", "images.serving.tag=1..0"), "/images/serving/tag"),
    "digest": (("--set", "images.serving.digest=sha256:12"), "/images/serving/digest"),
    "quantity": (("--set", "serving.resources.limits.memory=lots"), "/serving/resources/limits/memory"),
    "memory_that_does_not_do": (("--set", "serving.resources.limits.memory=1536Mi"), "serving.inFlight needs 1576Mi"),
    "in_flight_as_an_option": (("--set", "serving.args={--max-inflight-mib=9}"), "Set serving.inFlight"),
    "user_that_moodle_cannot_hold": (("--set", "mlbackend.user=a b"), "/mlbackend/user"),
    "seconds_that_the_gateway_would_not_know": (("--set", "mlbackend.args={--max-seconds=9}"), "/mlbackend/args/0"),
    "host_without_a_gateway": (("--set", "mlbackend.enabled=true,mlbackend.hostname=a.b"), "without gateway.create"),
    "host_of_the_model": (
        ("--set", "mlbackend.enabled=true,mlbackend.hostname=a.b,gateway.create=true,gateway.hostname=a.b"),
        "give it another",
    ),
    "no_limit": (("--set", "serving.resources.limits=null"), "limits"),
    "option": (("--set", "serving.args={rate}"), "/serving/args/0"),
    "gateway_without_host": (("--set", "gateway.create=true"), "/gateway/hostname"),
    "blob_without_account": (("--set", "store.kind=blob"), "/store/account"),
    "port": (("--set", "gateway.httpsPort=0"), "/gateway/httpsPort"),
    "truth": (("--set-string", "aliases.enabled=yes"), "/aliases/enabled"),
    "schedule": (("--set", "aliases.schedule=often"), "/aliases/schedule"),
    "two_authorities": (("--set", "trust.configMap=a,trust.secret=b"), "leave one empty"),
    "two_proxies": (("--set", "proxy.secret=a,proxy.http=http://b:1"), "proxy.secret"),
    "password_of_the_proxy": (("--set", "proxy.https=http://a:hush@b:1"), "proxy.https holds"),
    "user_of_the_proxy": (("--set", "proxy.http=http://hush@b:1"), "name that by proxy.secret"),
    "proxy_that_no_pod_reaches": (("--set", "proxy.https=http://b:1"), "networkPolicies.proxy"),
    "proxy_without_scheme": (("--set", "proxy.https=b:1"), "/proxy/https"),
    "variable_of_the_chart": (
        ("--set", "env.MLFLOW_TRACKING_URI=http://b"),
        "env.MLFLOW_TRACKING_URI is the chart's own",
    ),
    "variable_with_a_secret": (("--set", "env.MY_TOKEN=hush"), "env.MY_TOKEN looks like a secret"),
    "variable_that_is_no_text": (("--set", "env.LIMIT=1"), "/env/LIMIT"),
    "variable_that_is_none": (("--set", "env.A-B=x"), "/env"),
    "root": (("--set", "podSecurity.runAsUser=0"), "/podSecurity/runAsUser"),
    "toleration": (("--set", "scheduling.tolerations[0].kye=a"), "kye"),
    "affinity": (("--set", "scheduling.affinity.nodes.a=b"), "/scheduling/affinity"),
    "no_memory_limit": (("--set", "serving.resources.limits.memory=null"), "/serving/resources/limits"),
    "name_to_listen_at": (("--set", "serving.host=localhost"), "/serving/host"),
    "namespace_of_the_dns": (("--set", "networkPolicies.dns=kube-system"), "/networkPolicies/dns"),
    "api_server_that_nobody_can_look_up": (("--set-json", "networkPolicies.apiServer=[]"), "networkPolicies.apiServer"),
    "sync_that_reaches_no_database": (("--set", "sync.enabled=true"), "networkPolicies.sources"),
    "schedule_of_the_sync": (("--set", "sync.schedule=nightly"), "/sync/schedule"),
    "password_as_a_variable": (("--set", "env.EARLYBELL_MOODLE_PASSWORD=hush"), "env.EARLYBELL_MOODLE_PASSWORD"),
    "peer": (("--set-json", 'networkPolicies.stores=[{"to":[],"ports":[1]}]'), "/networkPolicies/stores/0/to"),
}


@pytest.mark.parametrize("site", SITES)
def test_helm_has_nothing_to_say_against_the_chart(site: str) -> None:
    done = helm("lint", "--strict", "--quiet", ".", *SITES[site])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout


class _Strict(yaml.SafeLoader):
    """Refuses a key that is given twice, as KServe and GitOps do."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {sorted(keys)} {node.start_mark}"
        return super().construct_mapping(node, deep)


_OURS = {f"app.kubernetes.io/{name}": "campus" for name in ("name", "component", "part-of", "version", "managed-by")}
_TWICE = {
    "podLabels": _OURS | {"helm.sh/chart": "campus", "campus": "one"},
    "monitoring": {"force": True, "labels": _OURS, "dashboards": {"labels": _OURS}},
    "gateway": {"create": True, "hostname": "x.example.org", "annotations": {"helm.sh/resource-policy": "keep"}},
    "serviceAccounts": {"serving": {"annotations": {"helm.sh/resource-policy": "keep"}}},
    "trail": {"owner": {"role": "owner"}},
    "pushgateway": {"address": "http://pushgateway.monitoring.svc:9091"},
    "sources": {"create": True},
}


@pytest.mark.parametrize("arguments", [*SITES.values(), ("-f", "twice.yaml")], ids=[*SITES, "twice"])
def test_no_key_is_rendered_twice(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text(yaml.safe_dump(_TWICE))
    arguments = tuple(str(tmp_path / argument) if argument == "twice.yaml" else argument for argument in arguments)
    text = helm("template", "earlybell", ".", "--namespace", "site", *NAMED, *arguments).stdout
    assert len([manifest for manifest in yaml.load_all(text, _Strict) if manifest]) > 10


def test_a_label_given_twice_is_the_charts_where_policies_choose_by_it_and_else_the_sites(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text(yaml.safe_dump(_TWICE))
    objects = named(rendered("-f", str(tmp_path / "twice.yaml")))
    jobs = objects["CronJob/earlybell-aliases"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    for labels in (jobs, objects["Pod/earlybell-test-trail"]["metadata"]["labels"]):
        assert (labels["app.kubernetes.io/name"], labels["campus"]) == ("earlybell", "one")
        assert "campus" not in (labels["app.kubernetes.io/component"], labels["app.kubernetes.io/part-of"])
    assert objects["PodMonitor/earlybell-serving"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "campus"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_refused_by_its_name(wrong: str) -> None:
    arguments, name = WRONG[wrong]
    done = helm("template", "earlybell", ".", *NAMED, *arguments)
    assert done.returncode != 0
    assert name in done.stderr
    assert "hush" not in done.stderr


def test_the_chart_is_of_the_version_that_it_installs() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__
    for overlay in OVERLAYS:
        model = named(built(overlay))["InferenceService/learner-risk"]["spec"]["predictor"]["model"]
        assert model["runtime"] == f"earlybell-{__version__}"


def test_an_image_can_be_pulled_by_its_digest_and_its_runtime_keeps_its_name() -> None:
    digest = f"sha256:{'0123abcd' * 8}"
    runtime = named(rendered("--set", f"images.serving.digest={digest}"))[f"ServingRuntime/earlybell-{__version__}"]
    image = runtime["spec"]["containers"][0]["image"]
    assert image == f"ghcr.io/earlybell/serving:{__version__}@{digest}"


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        ((), "1576Mi"),  # 360 + 12 x 96 + 64
        (("--set", "serving.inFlight=200"), "2824Mi"),
        (("--set", "serving.args={--rate=9,--workers=2}"), "3512Mi"),  # a parent beside two workers
        (("--set", "serving.resources.limits.memory=2Gi"), "2Gi"),
        (("--set", "serving.resources.limits.memory=1700M"), "1700M"),
    ],
    ids=["default", "more in flight", "two workers", "more than needed", "another unit"],
)
def test_a_models_pod_may_use_the_memory_that_its_requests_need(arguments: tuple[str, ...], limit: str) -> None:
    pod = named(rendered(*arguments))[f"ServingRuntime/earlybell-{__version__}"]["spec"]["containers"][0]
    assert pod["resources"]["limits"] == {"cpu": "2", "memory": limit}


def test_the_chart_can_be_packed(tmp_path: Path) -> None:
    done = helm("package", ".", "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [f"earlybell-{__version__}.tgz"]


def test_every_value_is_in_the_schema_and_none_else() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    allowed = set(_allowed(schema, schema["$defs"]))
    assert set(_leaves(yaml.safe_load(VALUES))) <= allowed | {"global"}
    unused = allowed - set(_leaves(yaml.safe_load(VALUES))) - {"global"}
    assert not unused, "a value that the schema allows has a default and a comment"


def test_every_value_is_used_by_a_template() -> None:
    folders = [CHART / "templates", CHART / "files/rules"]  # rules name budgets and limits, which a template fills in
    text = "".join(path.read_text() for folder in folders for path in folder.rglob("*") if path.is_file())
    by_name = (
        "images.",
        "serviceAccounts.",
        "networkPolicies.",
        "monitoring.",
        "podSecurity.",
        "scheduling.",
    )  # taken by index, with or range
    for name in _leaves(yaml.safe_load(VALUES)):
        word = name if not name.startswith(by_name) else name.rpartition(".")[2]
        assert re.search(rf"\b{re.escape(word)}\b", text), f"no template uses {name}"


def test_every_value_has_a_comment_and_the_table_of_the_readme_is_fresh() -> None:
    before = (CHART / "README.md").read_text()
    code = (
        "import sys; sys.path.insert(0, 'helm'); import values_table as t\n"
        "readme, values = (t.CHART / 'README.md').read_text(), (t.CHART / 'values.yaml').read_text()\n"
        "sys.stdout.write(t.written(readme, values)); sys.stderr.write(' '.join(r[0] for r in t.rows(values)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout == before, "run `python helm/values_table.py`"
    explained = done.stderr.split()
    for name in _leaves(yaml.safe_load(VALUES)):
        assert any(name == prefix or name.startswith(f"{prefix}.") for prefix in explained), f"{name} has no comment"


def _leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """Names of values; resources and other maps that a site fills count as one."""
    for key, value in values.items():
        if isinstance(value, dict) and value and key not in ("resources", "labels"):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def _allowed(schema: dict[str, Any], definitions: dict[str, Any], path: str = "") -> Iterator[str]:
    """The same names as the schema allows them."""
    for key, value in schema["properties"].items():
        value = definitions[value["$ref"].rpartition("/")[2]] if "$ref" in value else value
        if value.get("additionalProperties") is False and value.get("properties") and key != "resources":
            yield from _allowed(value, definitions, f"{path}{key}.")
        else:
            yield f"{path}{key}"
