"""What a person sees of a rollout, and what they read when the cluster cannot be asked."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from earlybell.cli.main import app
from earlybell.errors import ClusterError, RegistryError, SettingError
from rollout.prometheus import ASKED
from tests.apiserver import program
from tests.rollout.site import ANOTHER, MODEL, OURS, OVERLAYS, Object, Site
from tests.serving.running import end, free_ports

TAGS = {"bundle_digest": "0" * 64, "gates": "passed"}
RULES = OVERLAYS.parents[2] / "helm/earlybell/files/rules"


@pytest.fixture
def canary(campus: Site) -> Site:
    """Version 3 has 90%, version 4 has 10% and one pod of two that is ready."""
    for version, traffic in ((3, 100), (4, 10)):
        campus.apply(campus.release(version, "--traffic", traffic))
        campus.knative_settles()
    for number, (revision, ready) in enumerate((("00001", True), ("00002", True), ("00002", False))):
        labels = {
            "serving.kserve.io/inferenceservice": MODEL,
            "serving.knative.dev/revision": f"{MODEL}-predictor-{revision}",
        }
        campus.has_pod(f"pod-{number}", labels, ready=ready)
    campus.run("aliases")
    return campus


@pytest.fixture
def prometheus(campus: Site, tmp_path: Path) -> Iterator[str]:
    """A real Prometheus with ten minutes of this site: version 4 answered 200 requests, 5 of them with a defect."""
    three, four = _of(campus, "3", "predictor-00001"), _of(campus, "4", "predictor-00002")
    samples = {
        **_answered(four, ok=195, defect=5, buckets={"0.01": 0, "0.02": 100, "0.1": 198, "0.2": 200}),
        _series("requests_total", four, outcome="ok", route="metrics"): 900,
        _series("requests_total", four, outcome="bad request", route="predict"): 600,  # the caller's own
        _series("requests_total", three, outcome="ok", route="predict"): 0,
        _series("requests_total", four | {"namespace": "other"}, outcome="defect", route="predict"): 70,
    }
    with _running(samples, tmp_path, campus) as address:
        yield address


def _of(campus: Site, version: str, revision: str = "") -> dict[str, str]:
    """The labels of a revision's samples, as the chart's PodMonitor makes them; or of a version's without that."""
    named = {"revision": f"{MODEL}-{revision}"} if revision else {}
    return {"namespace": campus.namespace, "model_version": version} | named


def _answered(labels: dict[str, str], *, ok: int, defect: int, buckets: dict[str, int]) -> dict[str, int]:
    """The series of what was answered, in these times."""
    counted = {
        _series("requests_total", labels, outcome=how, route="predict"): n
        for how, n in (("ok", ok), ("defect", defect))
    }
    timed = buckets | {"+Inf": ok + defect}
    return counted | {_series("seconds_bucket", labels, stage="whole", le=le): n for le, n in timed.items()}


@contextmanager
def _running(samples: dict[str, int], folder: Path, campus: Site | None) -> Iterator[str]:
    """A Prometheus in which each series has grown to its value in ten minutes; a site's has the chart's rules."""
    now = int(time.time())
    lines = [
        f"{series} {n * step / 40:g} {now - 599 + 15 * step}" for series, n in samples.items() for step in range(41)
    ]
    (folder / "samples").write_text("\n".join([*lines, "# EOF"]) + "\n")
    names = ("limits", "versions") if campus else ()
    for name in names:
        rules = (RULES / f"{name}.yaml").read_text().replace("NAMESPACE", campus.namespace if campus else "")
        (folder / f"{name}.yaml").write_text(rules)
    settings = {"global": {"evaluation_interval": "1s"}, "rule_files": [f"{name}.yaml" for name in names]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    blocks = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "samples", "data"]
    subprocess.run(blocks, cwd=folder, check=True, capture_output=True)
    (port,) = free_ports(1)
    command = [program("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    command += [f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        address = _ready(f"http://127.0.0.1:{port}", folder / "log")
        if campus:
            _recorded(address)
        yield address
    finally:
        end(process)


def _recorded(address: str) -> None:
    for _ in range(100):
        if _figures(address, ASKED):
            return
        time.sleep(0.2)
    raise TimeoutError(f"{ASKED} is not recorded")


def _figures(address: str, query: str) -> dict[str, float]:
    """The value of each version, as Prometheus has it."""
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
        series = json.load(answer)["data"]["result"]
    return {sample["metric"].get("model_version", ""): float(sample["value"][1]) for sample in series}


def _series(name: str, here: dict[str, str], **labels: str) -> str:
    selectors = ",".join(f'{key}="{value}"' for key, value in (here | labels).items())
    return f"earlybell_{name}{{{selectors}}}"


def _ready(address: str, log: Path) -> str:
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"{address}/-/ready", timeout=5):  # noqa: S310
                return address
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(log.read_text()[-2000:])


def test_a_person_sees_who_gets_what(canary: Site, prometheus: str) -> None:
    output = canary.run("status", "--prometheus", prometheus).stdout
    lines = [line.split() for line in output.splitlines()]
    assert lines[0] == f"{MODEL} in {canary.namespace}, Knative mode".split()
    assert lines[2][:5] == ["3", "champion", "90%", "1/1", OURS]
    assert lines[3][:5] == ["4", "challenger", "10%", "1/2", OURS]
    assert lines[3][6:8] == ["2.50%", "of"]
    assert lines[3][9:] == ["20", "ms", "100", "ms"]
    assert lines[2][6:] == ["-", "of", "0", "-", "-"]
    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) <= 80


def _serves(campus: Site, overlay: str, *steps: tuple[object, ...]) -> None:
    """Version 3 serves alone, but for further steps with it."""
    for options in (("--traffic", 100), *steps):
        campus.apply(campus.release(3, *options, overlay=overlay))
        campus.knative_settles() if overlay == "knative" else campus.standard_settles()


NEW_IMAGE = [("--runtime", ANOTHER, "--traffic", traffic) for traffic in (0, 10)]


@pytest.mark.parametrize(
    ("overlay", "names"),
    [("knative", ("predictor-00001", "predictor-00002")), ("standard", ("v3-predictor", "v3-9-9-9-predictor"))],
)
def test_a_new_image_of_the_same_version_is_judged_by_its_own_answers(
    campus: Site, tmp_path: Path, overlay: str, names: tuple[str, str]
) -> None:
    _serves(campus, overlay, *NEW_IMAGE)
    old, new = (_of(campus, "3", name) for name in names)
    samples = _answered(old, ok=180, defect=0, buckets={"0.02": 0, "0.04": 180})
    samples |= _answered(new, ok=12, defect=8, buckets={"0.1": 0, "0.2": 20})
    with _running(samples, tmp_path, campus) as address:
        rows = json.loads(campus.run("status", "--json", "--prometheus", address).stdout)["versions"]
    assert [(row["version"], row["runtime"], row["traffic"]) for row in rows] == [("3", OURS, 90), ("3", ANOTHER, 10)]
    assert [row["answers"]["errors"] for row in rows] == pytest.approx([0, 0.4], rel=0.01)
    assert [row["answers"]["requests"] for row in rows] == pytest.approx([180, 20], rel=0.2)
    assert [row["answers"]["p99"] for row in rows] == pytest.approx([0.04, 0.2], rel=0.2)


@pytest.mark.parametrize(("steps", "errors"), [([], [0.04]), (NEW_IMAGE, [None, None])], ids=["alone", "two images"])
def test_answers_without_a_revision_are_those_of_a_version_on_one_image_alone(
    campus: Site, tmp_path: Path, steps: list[tuple[object, ...]], errors: list[float | None]
) -> None:
    _serves(campus, "knative", *steps)
    with _running(_answered(_of(campus, "3"), ok=192, defect=8, buckets={"0.1": 200}), tmp_path, campus) as address:
        rows = json.loads(campus.run("status", "--json", "--prometheus", address).stdout)["versions"]
    ratios = [row["answers"]["errors"] for row in rows]
    assert [ratio and round(ratio, 2) for ratio in ratios] == errors


def test_without_prometheus_the_status_says_what_to_do(canary: Site) -> None:
    assert "give --prometheus URL" in canary.run("status").stdout


def test_machines_get_json(canary: Site, prometheus: str) -> None:
    status = json.loads(canary.run("status", "--json", "--prometheus", prometheus).stdout)
    assert (status["model"], status["mode"], status["namespace"]) == (MODEL, "Knative", canary.namespace)
    three, four = status["versions"]
    assert (three["version"], three["aliases"], three["traffic"]) == ("3", ["champion"], 90)
    assert four["answers"] == pytest.approx({"requests": 200, "errors": 0.025, "p50": 0.02, "p99": 0.1}, rel=0.2)


def test_the_status_and_the_alert_have_the_same_error_ratio(canary: Site, prometheus: str) -> None:
    rows = json.loads(canary.run("status", "--json", "--prometheus", prometheus).stdout)["versions"]
    (group,) = yaml.safe_load((RULES / "versions.yaml").read_text())["groups"]
    alert = next(rule for rule in group["rules"] if rule.get("alert") == "EarlybellVersionFails")
    compared = alert["expr"].partition(">")[0].replace("NAMESPACE", canary.namespace)
    alarmed = _figures(prometheus, compared)
    assert {row["version"]: row["answers"]["errors"] for row in rows if row["answers"]["requests"]} == pytest.approx(
        alarmed
    )
    assert alarmed == {"4": pytest.approx(0.025, rel=0.01)}


def test_a_prometheus_without_the_rules_is_told(canary: Site, tmp_path: Path) -> None:
    with _running(
        _answered(_of(canary, "9") | {"namespace": "other"}, ok=1, defect=0, buckets={}), tmp_path, None
    ) as address:
        assert "not the chart's rules" in canary.run("status", "--prometheus", address).stdout


def test_what_is_not_yet_as_asked_is_told(canary: Site) -> None:
    canary.apply(canary.release(4, "--traffic", 50))
    output = canary.run("status").stdout
    assert "10% (of 50%)" in output
    assert "Traffic is not yet as asked" in output


def test_without_a_registry_the_cluster_is_shown_all_the_same(canary: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_ports(1)[0]}")
    output = " ".join(canary.run("status").stdout.split())
    assert "4 ? 10%" in output
    assert "No aliases: the model registry at" in output


def test_a_prometheus_that_does_not_answer_is_named(canary: Site) -> None:
    with pytest.raises(SettingError, match=r"Prometheus cannot be asked: .*no HTTP address.*port-forward"):
        canary.run("status", "--prometheus", "localhost:9090")


# What goes wrong with the cluster


def _as(campus: Site, folder: Path, **changed: Object) -> Path:
    """The administrator's kubeconfig with something else in it."""
    config = yaml.safe_load(campus.cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= changed.get("cluster", {})
    config["users"][0]["user"] = changed.get("user", config["users"][0]["user"])
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def _token(campus: Site) -> str:
    """Of an account that may do nothing."""
    campus.kubectl("create", "serviceaccount", "nobody")
    return campus.kubectl("create", "token", "nobody").strip()


def test_who_lacks_a_right_is_told_which(campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(_as(campus, tmp_path, user={"token": _token(campus)})))
    with pytest.raises(
        ClusterError, match=r"not let you read this: inferenceservices.* is forbidden.*earlybell-viewer"
    ):
        campus.run("status")


def test_who_is_not_known_is_told_to_log_in(campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(_as(campus, tmp_path, user={"token": "wrong"})))
    with pytest.raises(ClusterError, match=r"does not know who you are.*Log in again"):
        campus.run("status")


def test_a_cluster_that_is_away_is_named(campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = f"https://127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv("KUBECONFIG", str(_as(campus, tmp_path, cluster={"server": away})))
    with pytest.raises(ClusterError, match=rf"cannot be reached: {away}: .*refused.*KUBECONFIG"):
        campus.run("status")


@pytest.mark.parametrize("text", [None, "", "[broken", "kind: Config"], ids=["missing", "empty", "broken", "bare"])
def test_without_a_kubeconfig_it_is_said_which_is_meant(
    text: str | None, campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        (tmp_path / "config").write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(ClusterError, match="no kubeconfig that names a cluster.*Set KUBECONFIG"):
        campus.run("status")


def test_an_overlay_that_is_none_is_named(campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="no such overlay.*overlays/knative"):
        campus.run("release", 3, "--promote", "--overlay", tmp_path / "nowhere")
    with pytest.raises(SettingError, match="kubectl cannot render.*kustomization"):
        campus.run("release", 3, "--promote", "--overlay", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingError, match="missing on PATH: 'kubectl'"):
        campus.run("release", 3, "--promote", "--overlay", OVERLAYS / "knative")


def test_an_overlay_whose_service_is_called_otherwise_than_the_model_is_refused(
    campus: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match="is not called another: 'learner-risk'.*--overlay.*--model-name"):
        campus.run("release", 3, "--promote", "--overlay", OVERLAYS / "knative", "--model-name", "another")
    monkeypatch.setenv("EARLYBELL_MODEL_NAME", "another")
    with pytest.raises(SettingError, match="is not called another"):
        campus.run("release", 3, "--promote", "--overlay", OVERLAYS / "knative")


def test_one_of_traffic_and_promote_is_needed(campus: Site) -> None:
    with pytest.raises(SettingError, match="one of --traffic and --promote"):
        campus.run("release", 3)
    with pytest.raises(SettingError, match="one of --traffic and --promote"):
        campus.run("release", 3, "--traffic", 10, "--promote")


def test_a_version_that_is_not_registered_is_refused(campus: Site) -> None:
    with pytest.raises(RegistryError, match="no such version or alias.*'77'.*It has versions"):
        campus.release(77, "--promote")


def test_a_bundle_that_kserve_cannot_fetch_is_refused(campus: Site, tmp_path: Path) -> None:
    version = campus.registry.create_model_version(MODEL, f"file://{tmp_path}", tags=TAGS)
    with pytest.raises(SettingError, match="KServe cannot fetch a bundle from.*S3"):
        campus.release(int(version.version), "--promote")
    campus.registry.delete_model_version(MODEL, version.version)


@pytest.mark.parametrize(
    "registered",
    ["wasbs://models@campus.blob.core.windows.net/m/7", "abfss://models@campus.dfs.core.windows.net/m/7"],
)
def test_a_bundle_in_azure_is_named_as_kserve_knows_it(campus: Site, registered: str) -> None:
    version = campus.registry.create_model_version(MODEL, registered, tags=TAGS)
    predictor = campus.release(int(version.version), "--promote")[-1]["spec"]["predictor"]
    assert predictor["model"]["storageUri"] == "https://campus.blob.core.windows.net/models/m/7/bundle"
    campus.registry.delete_model_version(MODEL, version.version)


def test_the_way_back_is_told_with_the_options_that_were_given(campus: Site) -> None:
    here = f"--overlay {OVERLAYS / 'standard'} --namespace {campus.namespace}"
    for version, step in ((3, ("--traffic", 100)), (4, ("--traffic", 0)), (4, ("--traffic", 100))):
        campus.apply(campus.release(version, *step, overlay="standard"))
        campus.standard_settles()
    output = campus.run("release", 4, "--promote", "--overlay", OVERLAYS / "standard").stderr
    assert f"beginning with `earlybell release 3 --traffic 0 {here} | kubectl apply -f -`" in output


def test_a_context_is_part_of_every_command_that_is_told(campus: Site) -> None:
    options = ("--context", "tests", "--overlay", OVERLAYS / "knative")
    assert "`kubectl --context=tests wait" in campus.run("release", 3, "--traffic", 100, *options).stderr
    campus.apply(campus.release(3, "--traffic", 100))
    campus.knative_settles()
    output = campus.run("release", 4, "--traffic", 10, *options).stderr
    assert f"--namespace {campus.namespace} --context tests | kubectl --context=tests apply -f -`" in output
    with pytest.raises(ClusterError, match="no such context.*its contexts are tests"):
        campus.run("status", "--context", "elsewhere")


def test_a_cold_start_on_the_way_back_is_told(campus: Site) -> None:
    for version, traffic in ((3, 100), (4, 0)):
        campus.apply(campus.release(version, "--traffic", traffic))
        campus.knative_settles()
    outputs = [campus.run("release", 4, "--traffic", n, "--overlay", OVERLAYS / "knative").stderr for n in (50, 100)]
    assert "Back at once: `earlybell release 4 --traffic 0" in outputs[0]
    assert "Back, by a cold start" in outputs[1]


def test_an_alias_names_the_version_to_release(campus: Site) -> None:
    campus.registry.set_registered_model_alias(MODEL, "champion", "2")
    words = [
        "release",
        "champion",
        "--promote",
        "--overlay",
        str(OVERLAYS / "knative"),
        "--namespace",
        campus.namespace,
    ]
    result = CliRunner().invoke(app, words)
    service = list(yaml.safe_load_all(result.stdout))[-1]
    assert service["spec"]["predictor"]["labels"]["earlybell.io/model-version"] == "2"
    assert "kubectl wait" in result.stderr
    assert "earlybell status" in result.stderr
