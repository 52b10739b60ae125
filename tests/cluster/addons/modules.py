"""Where the Go modules of the cluster's parts lie: their own manifests, in the versions of `versions` and `schemas`."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

_CLUSTER = Path(__file__).parents[1]
_PATHS = {
    "kserve": "github.com/kserve/kserve",
    "knative": "knative.dev/serving",
    "kourier": "knative.dev/net-kourier",
    "networking": "knative.dev/networking",
    "caching": "knative.dev/caching",
    "gateway_api": "sigs.k8s.io/gateway-api",
    "metrics_server": "sigs.k8s.io/metrics-server",
    "local_path": "github.com/rancher/local-path-provisioner",
    "prometheus_operator": "github.com/prometheus-operator/prometheus-operator",
}


def run(*command: str | Path, text: str = "") -> str:
    """What a command prints; its own words on stderr, and an error if it fails."""
    return subprocess.run(list(map(str, command)), input=text, text=True, check=True, stdout=subprocess.PIPE).stdout


@cache
def programs() -> Path:
    """The folder of the cluster's programs."""
    return Path(run(_CLUSTER / "programs", "--folder").strip())


@cache
def module(name: str) -> Path:
    """The folder of a module by the name that `versions` or `schemas` gives it; it is fetched if it is not there."""
    pins = "".join((_CLUSTER / file).read_text() for file in ("versions", "schemas"))
    # Two of Knative's modules come in the version that it requires itself, noted when it was built.
    version = (
        dict(re.findall(r"(?m)^(\w+)=(\S+)$", pins)).get(name) or (programs() / f"{name}.version").read_text().strip()
    )
    return Path(json.loads(run("go", "mod", "download", "-json", f"{_PATHS[name]}@{version}"))["Dir"])
