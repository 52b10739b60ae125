"""A compiled task as KFP 2.17 runs it: its command, its executor input and its pod, without KFP's backend.

The driver's part (executor input, pod) is written from `backend/src/v2/driver`, what it keeps of an artifact from
`backend/src/v2/metadata/converter.go`, and the pod's bounds from `backend/src/v2/compiler/argocompiler`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

Artifact = dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline: its spec, and what is Kubernetes' own."""

    spec: dict[str, Any]
    platform: dict[str, Any]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """Every task by its name, those in loops and conditions too."""
        return {name: task for graph in self.graphs for name, task in graph["dag"]["tasks"].items()}

    @property
    def graphs(self) -> list[dict[str, Any]]:
        """The pipeline's own graph, and those of its loops and conditions."""
        return [graph for graph in (self.spec["root"], *self.spec["components"].values()) if "dag" in graph]

    def container(self, name: str) -> dict[str, Any]:
        """Image, command, arguments and resources of a task; none of a loop."""
        container: dict[str, Any] = self.spec["deploymentSpec"]["executors"][f"exec-{name}"]["container"]
        return container

    def kubernetes(self, name: str) -> dict[str, Any]:
        """What kfp-kubernetes set for a task."""
        executors = self.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        settings: dict[str, Any] = executors[f"exec-{name}"]
        return settings


def read(path: Path) -> Compiled:
    """A file that `python -m pipelines compile` wrote."""
    return Compiled(*documents(path))


def documents(path: Path) -> list[Any]:
    """The documents of a file, by libyaml: PyYAML's own reader takes ten times as long."""
    return list(yaml.load_all(path.read_text(), yaml.CSafeLoader))


@dataclass(frozen=True)
class Task:
    """A task that is ready to run.

    Attributes:
        name: of the task.
        command: as a container gets it.
        folder: where its outputs lie, on this machine.
        inside: the same folder as the task sees it.
    """

    name: str
    command: list[str]
    folder: Path
    inside: Path

    def left(self) -> dict[str, Artifact]:
        """The output artifacts, as the next task's executor input has them.

        Raises:
            ValueError: the launcher or its metadata store does not take what the task left: null, or NaN.
        """
        output = json.loads((self.folder / "output_metadata.json").read_text(), parse_constant=_refuse)
        return {name: _stored(artifact["artifacts"][0]) for name, artifact in output.get("artifacts", {}).items()}


def task(
    compiled: Compiled,
    name: str,
    folder: Path,
    parameters: dict[str, Any],
    artifacts: dict[str, Artifact | list[Artifact]] | None = None,
    inside: Path | None = None,
) -> Task:
    """A task of a compiled pipeline.

    Args:
        folder: new, for its outputs.
        parameters, artifacts: all its inputs; a list of artifacts where it takes several.
        inside: the folder as the task sees it, if it is another's file system.
    """
    folder.mkdir(parents=True)
    seen = inside or folder
    component = compiled.spec["components"][f"comp-{name}"]
    inputs = component.get("inputDefinitions", {})
    required = (set(inputs.get("parameters", {})), set(inputs.get("artifacts", {})))
    assert (set(parameters), set(artifacts or {})) == required, f"{name} takes {required}"
    executor_input = {
        "inputs": {"parameterValues": parameters, "artifacts": _lists(artifacts or {})},
        "outputs": {
            "artifacts": {
                key: {
                    "artifacts": [
                        {"name": key, "uri": str(seen / key), "type": artifact["artifactType"], "metadata": {}}
                    ]
                }
                for key, artifact in component.get("outputDefinitions", {}).get("artifacts", {}).items()
            },
            "outputFile": str(seen / "output_metadata.json"),
        },
    }
    container = compiled.container(name)
    words = [word.replace("{{$}}", json.dumps(executor_input)) for word in container["command"] + container["args"]]
    return Task(name, words, folder, seen)


def variables(compiled: Compiled, name: str) -> dict[str, tuple[str, str]]:
    """The variables that a task is given: the name of the Secret or ConfigMap and its key, by variable."""
    own = compiled.kubernetes(name)
    secrets = {
        key["envVar"]: (secret["secretName"], key["secretKey"])
        for secret in own.get("secretAsEnv", [])
        for key in secret["keyToEnv"]
    }
    settings = {
        key["envVar"]: (config_map["configMapName"], key["configMapKey"])
        for config_map in own.get("configMapAsEnv", [])
        for key in config_map["keyToEnv"]
    }
    return secrets | settings


def pod(compiled: Compiled, ready: Task, volume: dict[str, Any], at: Path, image: str = "") -> dict[str, Any]:
    """The pod of a task, as KFP's driver and compiler make it, without the launcher.

    Args:
        volume: source of the volume that holds the executor input's folders, as `{"hostPath": {"path": …}}`.
        at: where it is mounted, a parent of `ready.inside`.
        image: instead of the compiled one.
    """
    own, container = compiled.kubernetes(ready.name), compiled.container(ready.name)
    empty = [
        {"name": volume["volumeName"], "emptyDir": {"sizeLimit": volume["sizeLimit"]}}
        for volume in own["emptyDirMounts"]
    ]
    claims = [
        {"name": volume["constant"], "persistentVolumeClaim": {"claimName": volume["constant"]}}
        for volume in own.get("pvcMount", [])
    ]
    mounts = [{"name": volume["volumeName"], "mountPath": volume["mountPath"]} for volume in own["emptyDirMounts"]]
    mounts += [{"name": volume["constant"], "mountPath": volume["mountPath"]} for volume in own.get("pvcMount", [])]
    main = {
        "name": "main",
        "image": image or container["image"],
        "imagePullPolicy": own["imagePullPolicy"],
        "command": ready.command,
        "env": container.get("env", []) + _env(own),
        "resources": _resources(container["resources"]),
        "securityContext": _security(own["securityContext"]),
        "volumeMounts": [*mounts, {"name": "artifacts", "mountPath": str(at)}],
    }
    spec = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": int(own["activeDeadlineSeconds"]),
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [main],
        "volumes": [*empty, *claims, {"name": "artifacts", **volume}],
    }
    metadata = {"name": f"task-{ready.name}", "labels": own.get("podMetadata", {}).get("labels", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _env(own: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = (("secretAsEnv", "secretName", "secretKey"), ("configMapAsEnv", "configMapName", "configMapKey"))
    env = []
    for kind, name, key in kinds:
        for source in own.get(kind, []):
            for named in source["keyToEnv"]:
                reference = {"name": source[name], "key": named[key], "optional": source.get("optional", False)}
                env.append({"name": named["envVar"], "valueFrom": {f"{key}Ref": reference}})
    return env


def _resources(own: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: {"cpu": own[f"resourceCpu{ending}"], "memory": own[f"resourceMemory{ending}"]}
        for kind, ending in (("requests", "Request"), ("limits", "Limit"))
    }


def _security(own: dict[str, Any]) -> dict[str, Any]:
    """Of the task, and what KFP's compiler gives every task."""
    identity = {
        "runAsUser": int(own["runAsUser"]),
        "runAsGroup": int(own["runAsGroup"]),
        "runAsNonRoot": own["runAsNonRoot"],
    }
    return identity | {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _lists(artifacts: dict[str, Artifact | list[Artifact]]) -> dict[str, Any]:
    return {
        name: {"artifacts": artifact if isinstance(artifact, list) else [artifact]}
        for name, artifact in artifacts.items()
    }


def _stored(artifact: Artifact) -> Artifact:
    """The artifact after KFP's metadata store: its name is an id, numbers are floats, and what is nested is wrapped."""
    metadata = {name: _value(name, value) for name, value in artifact.get("metadata", {}).items()}
    return artifact | {"name": "1", "metadata": metadata}


def _value(name: str, value: Any) -> Any:
    if value is None:
        raise ValueError(f"null in the metadata, {name}")
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, dict):
        return {"struct": value}
    return float(value) if isinstance(value, int) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
