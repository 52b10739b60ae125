"""Every component's compiled command as a pod of the components image, bound as KFP binds it, its input on a volume."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiled import compile_all
from tests.cluster.cluster import Object, wait_for
from tests.cluster.site import TAG, Site
from tests.pipelines.executor import Artifact, Compiled, pod, read, task

SOURCE = "simulate:learners=150,courses=2,runs=2,weeks=8,events=60,seed=5"
MODEL = "of-tasks"  # a name of its own: versions of `learner-risk` are counted by other tests
IMAGE = f"dev.local/earlybell/components:{TAG}"
AT = Path("/tasks")
ENDED = ("Succeeded", "Failed")


def claim(name: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def clerk() -> Object:
    """A pod that looks into the volume, as the tasks' own user."""
    bounds = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    identity = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "clerk", "image": IMAGE, "command": ["sleep", "infinity"], "securityContext": bounds}
    mounted = container | {
        "imagePullPolicy": "IfNotPresent",
        "volumeMounts": [{"name": "tasks", "mountPath": str(AT)}],
    }
    spec = {
        "containers": [mounted],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": identity,
        "volumes": [{"name": "tasks", "persistentVolumeClaim": {"claimName": "tasks"}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "clerk"}, "spec": spec}


@dataclass
class Tasks:
    """Tasks run one after the other in a site's namespace; `left` has the artifacts of each by `task.output`."""

    site: Site
    folder: Path
    left: dict[str, Artifact] = field(default_factory=dict)

    def apply(self, *objects: Object) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.site.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def at_volume(self, command: str) -> str:
        return self.site.kubectl("exec", "clerk", "--", "sh", "-ec", command)

    def run(self, compiled: Compiled, name: str, artifacts: dict[str, Any], **parameters: Any) -> None:
        """Run a task to its end as a pod; artifacts by `task.output`, or a list of those."""
        inputs = {key: self._artifact(artifact) for key, artifact in artifacts.items()}
        ready = task(compiled, name, self.folder / name, parameters, inputs, inside=AT / name)
        self.at_volume(f"mkdir -p {ready.inside}")
        made = pod(compiled, ready, {"persistentVolumeClaim": {"claimName": "tasks"}}, AT, IMAGE)
        made["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "50m", "memory": "128Mi"}  # two cores do all
        self.apply(made)
        pod_name = made["metadata"]["name"]
        phase = wait_for(f"{pod_name} to end", 600, lambda: self._ended(pod_name))
        assert phase == "Succeeded", self.site.kubectl("logs", pod_name, check=False)[-3000:]
        self.site.kubectl("delete", "pod", pod_name, "--wait=false")
        (ready.folder / "output_metadata.json").write_text(self.at_volume(f"cat {ready.inside}/output_metadata.json"))
        self.left |= {f"{name}.{key}": artifact for key, artifact in ready.left().items()}

    def _ended(self, name: str) -> str:
        phase = self.site.kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")
        return phase if phase in ENDED else ""

    def _artifact(self, named: str | list[str]) -> Artifact | list[Artifact]:
        return [self.left[output] for output in named] if isinstance(named, list) else self.left[named]


@pytest.fixture(scope="module")
def tasks(university: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tasks]:
    """The pipelines, task by task, with one candidate."""
    folder = tmp_path_factory.mktemp("tasks")
    compile_all(folder)
    made = Tasks(university, folder)
    # The volume of the sources is a site's own; here nobody has put anything there.
    made.apply(claim("tasks"), claim("earlybell-sources"), clerk())
    university.kubectl("wait", "pod/clerk", "--for=condition=Ready", "--timeout=120s")
    training(made, read(folder / "training.yaml"))
    prediction(made, read(folder / "prediction.yaml"))
    monitoring(made, read(folder / "monitoring.yaml"))
    yield made
    university.kubectl("delete", "pod/clerk", "pvc/tasks", "pvc/earlybell-sources", "--wait=false")


def training(made: Tasks, compiled: Compiled) -> None:
    made.run(compiled, "extract", {}, sources=[SOURCE], max_bad_share=0.01)
    tables = {"tables": "extract.tables"}
    made.run(compiled, "features", tables, engine="duckdb")
    seen = {"examples": "features.examples"}
    made.run(compiled, "label", tables | seen, kind="outcome", rubric="")
    seen["labels"] = "label.labels"
    foretold = {"targets": "label.targets"}
    made.run(compiled, "heads", seen | foretold)
    foretold["heads"] = "heads.models"
    made.run(compiled, "train", seen, candidate="logistic")
    policy: dict[str, Any] = {"label_kind": "outcome", "capacity": 0.2, "cost_miss": 0.0, "cost_false_alarm": 0.0}
    policy |= {"min_auc": 0.5, "max_calibration_error": 0.5, "max_disparity": 0.9, "without_gates": ""}
    policy |= {"min_brier_skill": -1.0, "min_worst_auc": 0.0, "max_worst_calibration_error": 1.0}
    made.run(compiled, "evaluate", {"candidates": ["train.model"], **tables, **seen, **foretold}, **policy)
    chosen = {"bundle": "evaluate.bundle"}
    made.run(compiled, "report", chosen)
    made.run(compiled, "gates", chosen, model_name=MODEL, trail="", trail_anchors="")
    made.run(compiled, "register", chosen | tables, model_name=MODEL)
    ended = {"pipeline": "training", "started": "2026-01-01T00:00:00Z"}
    made.run(compiled, "push-gauges", {"result": "evaluate.bundle"}, **ended)


def prediction(made: Tasks, compiled: Compiled) -> None:
    made.run(compiled, "fetch", {}, model_name=MODEL, version="1", folder="", model_version="")
    parameters: dict[str, Any] = {"as_of": "0.5", "capacity": 4.0, "trail": "", "trail_anchors": ""}
    made.run(compiled, "predict", {"bundle": "fetch.bundle", "tables": "extract.tables"}, **parameters)


def monitoring(made: Tasks, compiled: Compiled) -> None:
    inputs = {"bundle": "fetch.bundle", "tables": "extract.tables"}
    made.run(compiled, "monitor", inputs, since="2023-04-01", as_of="2023-05-20")
    figures = {"figures": "monitor.figures"}
    made.run(compiled, "monitoring-report", figures)
    made.run(compiled, "push-watched", figures, started="2026-01-01T00:00:00Z")


def test_every_task_left_what_the_next_one_takes(tasks: Tasks) -> None:
    ran = {name.split(".")[0] for name in tasks.left}
    assert {"extract", "features", "label", "train", "evaluate", "register", "fetch", "predict", "monitor"} <= ran
    assert tasks.at_volume(f"head -1 {AT}/predict/worklist").startswith("rank,course_id,")


def test_a_version_is_registered_with_the_settings_and_secrets_of_the_site(tasks: Tasks) -> None:
    registered = json.loads(tasks.at_volume(f"cat {AT}/register/version"))
    code = (
        "import sys; from components.registry import find; found = find(sys.argv[1], '1')\n"
        "print(found.digest, found.address)"
    )
    with tasks.site.stores.clients() as settings:
        output = tasks.site.cluster.run("python", "-c", code, MODEL, environment=settings).stdout.split()
    assert output[0] == registered["digest"]
    assert output[1].startswith("s3://earlybell/")


def test_the_page_of_what_was_watched_names_the_course_runs(tasks: Tasks) -> None:
    page = tasks.at_volume(f"cat {AT}/monitoring-report/page")
    assert {"FMT-101-02", "FMT-102-02"} <= set(re.findall(r"FMT-\d+-\d+", page))


def test_who_was_predicted_is_in_the_trail_of_the_site(tasks: Tasks) -> None:
    ours = "payload::json->>'caller' = 'predict-site' AND payload::json->>'model_version' = '1'"
    count = f"""psql "$TRAIL" -Atc "SELECT count(*) FROM trail_payload WHERE {ours}" """
    with tasks.site.databases() as databases:
        records = int(tasks.site.do(count, **databases))
        assert "Whole: " in tasks.site.do('earlybell trail verify "$TRAIL" --anchors none', **databases)
    assert records == tasks.left["predict.predictions"]["metadata"]["moments"]
