"""A cluster, what a site has before us in it, and sites that were installed as docs/how-to says."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.apiserver import missing
from tests.cluster import caller
from tests.cluster.caller import Caller
from tests.cluster.cluster import ROOT, Cluster
from tests.cluster.documented import commands
from tests.cluster.figures import Figures
from tests.cluster.site import TAG, Site, installed, under_way
from tests.cluster.stores import stores

_FIGURES = Figures(ROOT / "build/cluster-figures.json")


@pytest.fixture(scope="session")
def figures() -> Figures:
    """What was measured: shown at the end of the run, and kept in build/cluster-figures.json."""
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _FIGURES.lines():
        terminalreporter.write_line(line)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One session at a time on a cluster: each removes the namespaces of the one before."""
    with (state / "session").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.exit(f"another session tests on the cluster of {state}: wait until it has ended", returncode=2)
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster that `make test-cluster` tests on."""
    named, state = os.environ.get("EARLYBELL_CLUSTER_KUBECONFIG"), ROOT / ".earlybell/cluster"
    if not named and not (state / "installed").exists():
        missing("there is no cluster: `make cluster` starts one, `make test-cluster KUBECONFIG=FILE` names one")
    cluster = Cluster(Path(named), None) if named else Cluster(state / "admin.conf", state)
    cluster.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
    with nullcontext() if named else _alone(state):
        yield cluster


@pytest.fixture(scope="session")
def asking(cluster: Cluster) -> Iterator[Caller]:
    """A pod that asks."""
    with caller.pod(cluster, f"dev.local/earlybell/serving:{TAG}") as pod:
        yield pod


@pytest.fixture(scope="session")
def university(
    cluster: Cluster, site: Path, figures: Figures, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site in KServe's Knative mode, from nothing to its first prediction by the documented commands alone."""
    folder = tmp_path_factory.mktemp("university")
    with stores(cluster, "stores") as own, own.clients() as settings:
        began = time.monotonic()
        with installed(own, "university", folder, settings | under_way(site)) as university, university.gateway():
            figures.seconds("from nothing to the chart, tested", began)
            university.do(commands("The first model"))
            figures.seconds("from nothing to a model that serves", began)
            (folder / "first.json").write_text(university.do(commands("The first prediction")))
            figures.seconds("from nothing to the first prediction through the gateway", began)
            yield university


@pytest.fixture(scope="session")
def college(university: Site, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another site on the same cluster, in KServe's Standard mode, with stores of its own and the same bundle in them.

    Its trail's tables belong to a role that its pods do not have.
    """
    folder = tmp_path_factory.mktemp("college")
    with stores(university.cluster, "college-stores") as own, own.clients() as clients:
        settings = clients | under_way(site)
        with installed(own, "college", folder, settings, overlay="standard", owner="college_owner") as college:
            college_certificate(college)
            (folder / "bundle").symlink_to(university.folder / "bundle")
            college.do('earlybell request "$SOURCE" --course "$COURSE" --as-of "$AS_OF" > request.json')
            college.register(2)
            college.release("1", 100)
            college.settled("1", 100)
            yield college


def college_certificate(site: Site) -> None:
    """The Secret that the Gateway names: here that of the whole cluster's gateway."""
    data = site.cluster.get("-n", "kourier-system", "secret", "gateway-tls")["data"]
    metadata = {"name": "earlybell-tls", "namespace": site.name}
    site.cluster.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}
    )
