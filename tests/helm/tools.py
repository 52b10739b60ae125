"""Where the kinds come from that the chart and the manifests use: Go modules, as the tests of the cluster pin them."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

from tests.apiserver import missing, program

__all__ = ["ROOT", "definitions", "missing", "module", "program"]

ROOT = Path(__file__).parents[2]
_MODULES = {
    "kserve": "github.com/kserve/kserve",
    "gateway_api": "sigs.k8s.io/gateway-api",
    "prometheus_operator": "github.com/prometheus-operator/prometheus-operator",
}
_VERSIONS = {"prometheus_operator": "v0.85.0"}  # of what the cluster itself does not run


@cache
def module(name: str) -> Path:
    """The folder of a Go module; it is fetched where it is not there."""
    pinned = dict(re.findall(r"(?m)^(\w+)=(\S+)$", (ROOT / "tests/cluster/versions").read_text()))
    command = [program("go"), "mod", "download", "-json", f"{_MODULES[name]}@{(_VERSIONS | pinned)[name]}"]
    return Path(json.loads(subprocess.check_output(command, text=True))["Dir"])


def definitions() -> list[Path]:
    """Files, and folders of files, of CustomResourceDefinitions."""
    kserve = module("kserve") / "charts/kserve-crd/templates"
    return [
        *(kserve / f"serving.kserve.io_{name}.yaml" for name in ("inferenceservices", "servingruntimes")),
        module("gateway_api") / "config/crd/standard",
        module("prometheus_operator") / "example/prometheus-operator-crd",
    ]
