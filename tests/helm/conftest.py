"""What the tests of the chart and of the manifests share."""

from collections.abc import Iterator

import pytest

from tests.helm.apiserver import ApiServer, started


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server, for all these tests."""
    with started(tmp_path_factory.mktemp("apiserver")) as server:
        yield server
