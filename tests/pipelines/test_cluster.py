"""What the compiled pipelines ask of a cluster."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl, local

from components.extract.component import extract
from components.extract.simulate import parse, simulate
from earlybell import __version__
from pipelines.cluster import LIGHT, on_cluster
from pipelines.local import _local_copy
from tests.apiserver import ApiServer, api_server
from tests.pipelines.executor import Compiled, Task, documents, pod, variables

LOOPS = ("for-loop-", "condition-")


@pytest.fixture(params=["training", "prediction", "monitoring", "retraining"])
def compiled(request: pytest.FixtureRequest) -> Compiled:
    pipeline: Compiled = request.getfixturevalue(request.param)
    return pipeline


def _tasks(compiled: Compiled) -> list[str]:
    """Those that are a pod."""
    return [name for name in compiled.tasks if not name.startswith(LOOPS)]


def test_every_task_has_requests_and_limits(compiled: Compiled) -> None:
    for name in _tasks(compiled):
        resources = compiled.container(name)["resources"]
        for kind in ("CpuRequest", "CpuLimit", "MemoryRequest", "MemoryLimit"):
            assert resources[f"resource{kind}"], (name, kind)


def test_every_task_may_be_tried_again_after_a_pause_and_no_attempt_is_cut_short_by_the_time_of_all(
    compiled: Compiled,
) -> None:
    for name in _tasks(compiled):
        policy, seconds = compiled.tasks[name]["retryPolicy"], int(compiled.kubernetes(name)["activeDeadlineSeconds"])
        attempts = policy["maxRetryCount"] + 1
        assert attempts == 3
        assert policy["backoffDuration"] == "60s"
        assert int(policy["backoffMaxDuration"].rstrip("s")) > attempts * seconds, name


def test_a_task_waits_for_a_registry_that_is_away_since_nobody_tries_it_again(
    every_pipeline: dict[str, Compiled],
) -> None:
    of_registry = [("training", "register"), ("prediction", "fetch"), ("monitoring", "fetch")]
    of_registry += [("retraining", name) for name in ("fetch", "list-trainings", "propose")]
    for pipeline, name in of_registry:
        compiled = every_pipeline[pipeline]
        set_here = {variable["name"]: variable["value"] for variable in compiled.container(name)["env"]}
        tries, factor = (int(set_here[f"MLFLOW_HTTP_REQUEST_{part}"]) for part in ("MAX_RETRIES", "BACKOFF_FACTOR"))
        assert 60 < sum(factor * 2**attempt for attempt in range(tries)) < 300
        assert name == "list-trainings" or int(set_here["AWS_MAX_ATTEMPTS"]) > 5  # which reads no file


def test_nothing_is_answered_from_the_cache(compiled: Compiled) -> None:
    for name in _tasks(compiled):
        assert compiled.tasks[name]["cachingOptions"] == {}, name


def test_every_task_runs_as_nobody_with_temporary_files_of_its_own(compiled: Compiled) -> None:
    for name in _tasks(compiled):
        own = compiled.kubernetes(name)
        assert own["securityContext"] == {"runAsUser": "65532", "runAsGroup": "65532", "runAsNonRoot": True}
        assert [mount["mountPath"] for mount in own["emptyDirMounts"]] == ["/tmp"]  # noqa: S108
        assert own["imagePullPolicy"] == "IfNotPresent"


def test_a_task_sees_the_secrets_of_what_it_uses_and_no_other(every_pipeline: dict[str, Compiled]) -> None:
    seen: dict[str, set[str]] = {}
    for compiled in every_pipeline.values():
        for name in _tasks(compiled):
            seen.setdefault(name, set()).update(source for source, _ in variables(compiled, name).values())
    registry = {"earlybell-mlflow", "earlybell-s3", "earlybell-settings"}
    assert {name: sources for name, sources in seen.items() if sources} == {
        "extract": {"earlybell-moodle", "earlybell-pseudonym"},
        "fetch": registry,
        "gates": {"earlybell-trail", "earlybell-settings"},
        "predict": {"earlybell-trail", "earlybell-settings"},
        "register": registry,
        "list-trainings": {"earlybell-mlflow", "earlybell-settings"},
        "propose": registry | {"earlybell-trail"},
        "push-gauges": {"earlybell-settings"},
        "push-gauges-2": {"earlybell-settings"},
        "push-watched": {"earlybell-settings"},
    }


def test_what_extracts_is_given_the_password_and_the_token_of_a_moodle_where_the_site_has_them(
    every_pipeline: dict[str, Compiled],
) -> None:
    for compiled in every_pipeline.values():
        keys = {key for key, (held_by, _) in variables(compiled, "extract").items() if held_by == "earlybell-moodle"}
        assert keys == {"EARLYBELL_MOODLE_PASSWORD", "EARLYBELL_MOODLE_TOKEN"}


def test_who_uses_the_store_may_do_so_by_keys_of_s3_or_azure_or_by_azures_identity(
    every_pipeline: dict[str, Compiled],
) -> None:
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_CONNECTION_STRING"}
    for compiled in every_pipeline.values():
        for name in _tasks(compiled):
            sources = variables(compiled, name)
            of_store = {key for key, (held_by, _) in sources.items() if held_by == "earlybell-s3"}
            labels = compiled.kubernetes(name).get("podMetadata", {}).get("labels", {})
            if name in ("register", "fetch", "propose"):
                assert (of_store, labels) == (keys, {"azure.workload.identity/use": "true"})
                assert sources["AZURE_STORAGE_ACCOUNT"] == ("earlybell-settings", "AZURE_STORAGE_ACCOUNT")
            else:
                assert (of_store, labels) == (set(), {}), name


def test_no_pod_starts_without_the_registrys_address_or_the_key_of_the_pseudonyms(
    every_pipeline: dict[str, Compiled],
) -> None:
    for compiled in every_pipeline.values():
        needed = {
            key["envVar"]
            for name in _tasks(compiled)
            for source in compiled.kubernetes(name).get("secretAsEnv", [])
            + compiled.kubernetes(name).get("configMapAsEnv", [])
            for key in source["keyToEnv"]
            if not source.get("optional")
        }
        assert needed == {"EARLYBELL_PSEUDONYM_KEY", "MLFLOW_TRACKING_URI"}


def test_the_sites_files_are_mounted_where_they_are_read(every_pipeline: dict[str, Compiled]) -> None:
    read_by = {"training": {"extract", "label"}, "prediction": {"extract", "fetch"}, "monitoring": {"extract", "fetch"}}
    read_by["retraining"] = {"extract", "fetch", "decide", "label"}
    for pipeline, expected in read_by.items():
        compiled = every_pipeline[pipeline]
        mounts = {name: compiled.kubernetes(name).get("pvcMount", []) for name in _tasks(compiled)}
        mounted = {
            name: [(mount["constant"], mount["mountPath"]) for mount in each] for name, each in mounts.items() if each
        }
        assert mounted == {name: [("earlybell-sources", "/sources")] for name in expected}


def test_no_host_name_is_in_a_compiled_pipeline_but_its_images(written: Path) -> None:
    for path in written.iterdir():
        text = re.sub(r"image: \S+", "", path.read_text())
        assert not re.findall(r"https?://\S+|\b[\w-]+\.svc\b|\b\d+\.\d+\.\d+\.\d+\b|localhost", text), path


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("training", "push-gauges"),
        ("prediction", "push-gauges"),
        ("monitoring", "push-watched"),
        ("retraining", "condition-branches-1"),
        ("retraining", "push-gauges"),
        ("retraining", "push-gauges-2"),
    ],
)
def test_the_gauge_is_left_after_everything_else(every_pipeline: dict[str, Compiled], name: str, last: str) -> None:
    (graph,) = (graph for graph in every_pipeline[name].graphs if last in graph["dag"]["tasks"])
    tasks = graph["dag"]["tasks"]
    waited, todo = set[str](), [last]
    while todo:
        prerequisites = set(tasks[todo.pop()].get("dependentTasks", [])) - waited
        waited |= prerequisites
        todo += prerequisites
    assert waited == set(tasks) - {last}


def test_the_objects_for_kubectl_name_a_version_by_its_content(written: Path) -> None:
    for name in ("training", "prediction", "monitoring", "retraining"):
        pipeline, version = documents(written / f"{name}-kubernetes.yaml")
        spec, platform = documents(written / f"{name}.yaml")
        assert version["spec"]["pipelineName"] == pipeline["metadata"]["name"] == f"earlybell-{name}"
        assert re.fullmatch(rf"earlybell-{name}-{re.escape(__version__)}-[0-9a-f]{{8}}", version["metadata"]["name"])
        assert (version["spec"]["pipelineSpec"], version["spec"]["platformSpec"]) == (spec, platform)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("apiserver")) as server:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        site = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "site", "labels": labels}}
        server.kubectl("apply", "-f", "-", stdin=json.dumps(site))
        yield server


def test_a_namespace_of_restricted_pods_takes_every_task(compiled: Compiled, cluster: ApiServer) -> None:
    for name in _tasks(compiled):
        manifest = pod(compiled, Task(name, ["true"], Path(), Path()), {"emptyDir": {}}, Path("/artifacts"))
        cluster.kubectl("-n", "site", "apply", "--dry-run=server", "-f", "-", stdin=json.dumps(manifest))


@dsl.pipeline  # type: ignore[untyped-decorator]
def _as_on_the_cluster(sources: list) -> dsl.Dataset:  # type: ignore[type-arg]
    extracted = extract(sources=sources, max_bad_share=0.01)
    return on_cluster(extracted, LIGHT).outputs["tables"]


@dsl.pipeline  # type: ignore[untyped-decorator]
def _as_kfp_has_it(sources: list) -> dsl.Dataset:  # type: ignore[type-arg]
    return extract(sources=sources, max_bad_share=0.01).outputs["tables"]


@pytest.mark.filterwarnings("ignore:You may be attemp:RuntimeWarning")
@pytest.mark.parametrize(("pipeline", "anew"), [(_as_on_the_cluster, True), (_as_kfp_has_it, False)])
def test_a_source_that_has_changed_is_read_anew_although_kfp_caches(
    pipeline: Any, anew: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second case shows that it is needed: KFP answers the same sources, with other contents, from its cache."""
    monkeypatch.setattr("kfp.local.config.LocalExecutionConfig.instance", None)
    monkeypatch.setenv("EARLYBELL_PSEUDONYM_KEY", "k" * 32)
    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=str(tmp_path / "root"),
        enable_caching=True,
        cache_root=str(tmp_path / "cache"),
    )
    digests = []
    for seed in (1, 2):
        shutil.rmtree(tmp_path / "site", ignore_errors=True)
        simulate(tmp_path / "site", parse(f"learners=30,courses=1,runs=1,weeks=8,events=60,seed={seed}"))
        digests.append(_local_copy(pipeline)(sources=[f"tables:{tmp_path}/site"]).output.metadata["digest"])
    assert (digests[0] != digests[1]) is anew
