"""The manifests that a release pins: a kustomize overlay as kubectl renders it, and YAML for kubectl to apply."""

import re
from pathlib import Path
from typing import cast

import yaml

from earlybell.errors import SettingError
from rollout.kubectl import run
from rollout.objects import SERVICE, Resource, service_of


def render(overlay: Path) -> list[Resource]:
    """The objects of a kustomize overlay, an InferenceService among them.

    Raises:
        SettingError: kubectl is missing, the folder is no overlay, or it has not one InferenceService.
    """
    if not overlay.is_dir():
        way_out = "Name the folder of an overlay, as manifests/learner-risk/overlays/knative."
        raise SettingError("there is no such overlay", str(overlay), way_out)
    done = run("kustomize", str(overlay))
    if done.code:
        raise SettingError(f"kubectl cannot render {overlay}", done.stderr.strip()[-500:], "Mend its kustomization.")
    objects = [document for document in yaml.safe_load_all(done.stdout) if document]
    if len(services := [document for document in objects if document.get("kind") == SERVICE]) != 1:
        way_out = "A release is of one InferenceService."
        raise SettingError(f"{overlay} has not one {SERVICE}", len(services), way_out)
    return cast(list[Resource], objects)


def check_name(objects: list[Resource], model_name: str, overlay: Path) -> None:
    """
    Raises:
        SettingError: the InferenceService of the overlay is not called as the model: another would be looked at than
            is released.
    """
    name = service_of(objects)["metadata"]["name"]
    if name != model_name:
        way_out = f"Name the overlay of {model_name} by --overlay, or the model {name} by --model-name."
        raise SettingError(f"the InferenceService of {overlay} is not called {model_name}", name, way_out)


def to_yaml(objects: list[Resource]) -> str:
    """A document an object, in the order given: kubectl applies them in that order."""
    return "---\n".join(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120) for document in objects)


class _Dumper(yaml.SafeDumper):
    """Without anchors, and with quotes around what another YAML reader could take for a number (as 1e3)."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if re.match(r"[-+.\d]", text) else None)


_Dumper.add_representer(str, _text)
