"""A real API server and a real MLflow registry; in place of the controllers stands what the tests write."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from mlflow import MlflowClient

from components.registry.server import connect
from tests.apiserver import ApiServer, api_server, module
from tests.rollout.site import ANOTHER, MODEL, OURS, VERSIONS, Site, runtime

KINDS = ("inferenceservices", "servingruntimes", "clusterservingruntimes")
_TAGS = {"candidate": "true", "gates": "passed"}
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The API server with KServe's, Knative's and the Gateway API's resources."""
    kserve = module("kserve") / "config/crd/full"
    knative = module("knative") / "config/core/300-resources"
    gateway = module("gateway_api") / "config/crd/standard"
    with api_server(tmp_path_factory.mktemp("apiserver")) as server:
        server.install(
            *(kserve / f"serving.kserve.io_{name}.yaml" for name in KINDS),
            knative / "revision.yaml",
            gateway / "gateway.networking.k8s.io_httproutes.yaml",
        )
        yield server


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for MLflow's database, since making one takes seconds."""
    return tmp_path_factory.mktemp("registry")


@pytest.fixture
def registry(database: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A registry with versions 1 to 5, whose bundles lie in S3, passed gates, and no alias."""
    monkeypatch.chdir(database)  # where an experiment keeps its artifacts
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}/mlflow.db")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    client = connect()
    if not client.search_registered_models(f"name='{MODEL}'"):
        client.create_registered_model(MODEL)
        for number in range(1, VERSIONS + 1):
            address = f"s3://earlybell/artifacts/m-{number}/artifacts"
            client.create_model_version(MODEL, address, tags=_TAGS | {"bundle_digest": f"{number:064x}"})
    for alias in client.get_registered_model(MODEL).aliases:
        client.delete_registered_model_alias(MODEL, alias)
    return client


@pytest.fixture
def campus(cluster: ApiServer, registry: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A namespace of its own with two runtimes, and the registry beside it."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    namespace = f"site-{next(_NUMBERS)}"
    cluster.kubectl("create", "namespace", namespace)
    site = Site(cluster, namespace, registry)
    site.apply([runtime(name) for name in (OURS, ANOTHER)])
    return site
