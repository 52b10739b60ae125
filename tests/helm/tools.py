"""The programs that these tests run, as the cluster's tests build them; else those on the path."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CLUSTER = ROOT / "tests/cluster"
_MODULES = {
    "kserve": "github.com/kserve/kserve",
    "gateway_api": "sigs.k8s.io/gateway-api",
    "prometheus_operator": "github.com/prometheus-operator/prometheus-operator",
}
_VERSIONS = {"prometheus_operator": "v0.85.0"}  # of what the cluster itself does not run


def missing(what: str) -> None:
    """Skip the test, saying what is not here; in CI, where all is, fail it."""
    if os.environ.get("CI") or os.environ.get("EARLYBELL_CI"):
        pytest.fail(f"{what} is not here")
    pytest.skip(f"{what} is not here: `make cluster` builds it")


@cache
def program(name: str) -> Path:
    """A program of the cluster's, or of the path."""
    folder = subprocess.check_output([_CLUSTER / "programs", "--folder"], text=True).strip()
    found = shutil.which(name, path=f"{folder}{os.pathsep}{os.environ['PATH']}")
    if not found:
        missing(name)
    return Path(str(found))


@cache
def module(name: str) -> Path:
    """The folder of a Go module, in the version that the cluster's tests pin."""
    pinned = dict(re.findall(r"(?m)^(\w+)=(\S+)$", (_CLUSTER / "versions").read_text()))
    if not shutil.which("go"):
        missing("go")
    command = ["go", "mod", "download", "-json", f"{_MODULES[name]}@{(_VERSIONS | pinned)[name]}"]
    return Path(json.loads(subprocess.check_output(command, text=True))["Dir"])
