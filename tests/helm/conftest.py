"""What the tests of the chart and of the manifests share."""

from collections.abc import Iterator

import pytest

from tests.apiserver import ApiServer, api_server
from tests.helm.site import Site, make
from tests.helm.tools import definitions


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server that knows the kinds of KServe, the Gateway API and the Prometheus operator."""
    places = definitions()
    with api_server(tmp_path_factory.mktemp("apiserver")) as started:
        started.install(*places)
        yield started


@pytest.fixture
def site(server: ApiServer, request: pytest.FixtureRequest) -> Site:
    """A new namespace on it."""
    return make(server, f"site-{abs(hash(request.node.nodeid))}")
