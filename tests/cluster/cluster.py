"""The cluster that tests run on: the one that `make cluster` brought up, or another that is named."""

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.addons.modules import programs

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OURS = "earlybell.io/of=tests"  # the label of namespaces that tests may remove
Object = dict[str, Any]
_ADDRESS = "{.items[0].status.addresses[?(@.type=='InternalIP')].address}"


@dataclass(frozen=True)
class Cluster:
    """A cluster by its kubeconfig.

    Attributes:
        kubeconfig: of an administrator.
        state: the folder of our own cluster, whose node a test may end; None: somebody else's.
    """

    kubeconfig: Path
    state: Path | None

    @property
    def environment(self) -> dict[str, str]:
        """With our own kubectl and helm, and the project's commands, on the path."""
        path = f"{programs()}:{ROOT / '.venv/bin'}:{os.environ['PATH']}"
        return os.environ | {"KUBECONFIG": str(self.kubeconfig), "PATH": path}

    @property
    def node(self) -> str:
        """The address of our own node."""
        return self.kubectl("get", "nodes", "-o", f"jsonpath={_ADDRESS}")

    def run(
        self, *command: str | Path, stdin: str = "", check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of a person at this cluster; what it printed. With `check` a failure is the test's."""
        done = subprocess.run(
            list(map(str, command)),
            input=stdin,
            text=True,
            capture_output=True,
            env=self.environment | (environment or {}),
            cwd=ROOT,
            timeout=900,
        )
        assert not check or done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        return self.run("kubectl", *arguments, stdin=stdin, check=check).stdout

    def get(self, *arguments: str) -> Object:
        """An object, or a list of them, as kubectl gets it."""
        answer: Object = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return answer

    def apply(self, *objects: Object) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def create(self, namespace: str) -> None:
        """A new namespace of the tests, bound to `restricted`; somebody else's of that name stays, with an error."""
        self.remove(namespace)
        self.kubectl("create", "namespace", namespace)
        self.kubectl("label", "namespace", namespace, OURS, "pod-security.kubernetes.io/enforce=restricted")

    def remove(self, namespace: str, wait: bool = True) -> None:
        """A namespace of the tests is gone, if it is there, or goes; somebody else's of that name is not touched."""
        if f"namespace/{namespace}\n" in self.kubectl("get", "namespaces", "-l", OURS, "-o", "name"):
            self.kubectl("delete", "namespace", namespace, "--timeout=180s", f"--wait={str(wait).lower()}")

    @contextmanager
    def forward(self, namespace: str, target: str, port: int) -> Iterator[int]:
        """A port of 127.0.0.1 that leads to a Service's."""
        command = ["kubectl", "-n", namespace, "port-forward", target, f":{port}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environment)
        try:
            assert process.stdout
            match = re.search(r"127.0.0.1:(\d+)", process.stdout.readline())
            assert match, f"cannot reach {target} of {namespace}"
            yield int(match[1])
        finally:
            process.terminate()
            process.communicate()


def wait_for(event: str, seconds: float, ask: Callable[[], Any], pause: float = 0.5) -> Any:
    """Ask until the answer is true; the answer. What raises is not there yet."""
    end, last = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            if answer := ask():
                return answer
        except (AssertionError, KeyError, OSError) as error:
            last = str(error)
        time.sleep(pause)
    raise AssertionError(f"waited {seconds:.0f} s for {event}. {last}")
