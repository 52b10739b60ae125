"""Who asks: a pod in a namespace of its own, or this machine in the cluster's network, where the node is on trial."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.cluster.cluster import HERE, Cluster

LOAD = HERE / "load.py"


@dataclass(frozen=True)
class Answers:
    """What came of many requests: `load.py` says what is known of each."""

    all: list[dict[str, Any]]

    @property
    def good(self) -> list[dict[str, Any]]:
        return [answer for answer in self.all if answer["status"] == 200]

    @property
    def bad(self) -> list[dict[str, Any]]:
        return [answer for answer in self.all if answer["status"] != 200]

    @property
    def failures(self) -> Counter[str]:
        """Status and words of the bad ones: how often each."""
        return Counter(f"{answer['status']} {answer['error']}" for answer in self.bad)

    @property
    def versions(self) -> Counter[str]:
        return Counter(answer["version"] for answer in self.good)

    def milliseconds(self, share: float) -> float:
        """The percentile of the good answers' times."""
        times = sorted(answer["ms"] for answer in self.good)
        return float(times[min(len(times) - 1, int(share * len(times)))])

    def last_of(self, version: str) -> float:
        """When the last answer of a version arrived, s since 1970."""
        return max(float(answer["at"] + answer["ms"] / 1000) for answer in self.good if answer["version"] == version)

    def per_second(self) -> float:
        """Good answers a second, from the first request to the last answer."""
        ended = max(answer["at"] + answer["ms"] / 1000 for answer in self.good)
        return len(self.good) / float(ended - min(answer["at"] for answer in self.good))

    def outage(self) -> float:
        """Seconds from the first request that failed to the last."""
        times = [answer["at"] for answer in self.bad]
        return max(times) - min(times) if times else 0.0


@dataclass(frozen=True)
class Caller:
    """Asks from inside the cluster.

    Attributes:
        shell: what runs a command there: `kubectl exec` into a pod, or `nsenter` into the node's network.
    """

    shell: tuple[str, ...]
    python: str
    environment: dict[str, str]
    folder: str

    def put(self, name: str, content: str | bytes) -> str:
        """A file there; its path."""
        path = f"{self.folder}/{name}"
        data = content if isinstance(content, bytes) else content.encode()
        command = [*self.shell, "sh", "-c", f"cat > {path}"]
        subprocess.run(command, input=data, check=True, env=self.environment)
        return path

    def ask(self, **request: Any) -> Answers:
        """Ask, and wait until all is answered; see `load.py`."""
        with self.asking(**request) as answers:
            pass
        return answers

    @contextmanager
    def asking(self, **request: Any) -> Iterator[Answers]:
        """Ask while the body of the `with` does something; its answers are complete when it has ended.

        The body begins when the first answer is there. Without `seconds` and `count` it is asked as long as the body
        takes, at `rate` or as fast as `threads` can.
        """
        answers = Answers([])
        command = [*self.shell, self.python, "-c", LOAD.read_text(), json.dumps(request)]
        with (
            TemporaryFile("w+") as output,  # a pipe that nobody reads meanwhile would stop who asks
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, env=self.environment) as process,
        ):
            try:
                while process.poll() is None and not os.fstat(output.fileno()).st_size:
                    time.sleep(0.1)
                yield answers
                process.communicate(timeout=900)  # ends its input
            finally:
                process.kill()
            assert process.returncode == 0, f"who asks ended early: {request}"
            output.seek(0)
            answers.all.extend(json.loads(line) for line in output if line.strip())
        assert answers.all, f"nothing was asked: {request}"


@contextmanager
def pod(cluster: Cluster, image: str) -> Iterator[Caller]:
    """A pod that asks, in the namespace `callers`, which is no site's."""
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "caller", "image": image, "command": ["sleep", "infinity"], "securityContext": restricted}
    spec = {
        "containers": [container | {"imagePullPolicy": "IfNotPresent"}],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    metadata = {"name": "caller", "namespace": "callers"}
    cluster.create("callers")
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    cluster.kubectl("-n", "callers", "wait", "pod/caller", "--for=condition=Ready", "--timeout=120s")
    shell = ("kubectl", "-n", "callers", "exec", "-i", "caller", "--")
    try:
        yield Caller(shell, "python3", cluster.environment, "/tmp")  # noqa: S108
    finally:
        cluster.remove("callers", wait=False)


def node(cluster: Cluster, folder: Path) -> Caller:
    """This machine, in the network of our own node: it goes on asking when kubelet, or every pod, is gone."""
    assert cluster.state
    name = (cluster.state / "name").read_text().strip()
    shell = ("nsenter", f"--net=/run/netns/{name}")
    return Caller(shell, sys.executable, cluster.environment, str(folder))
