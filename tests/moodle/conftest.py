"""The Moodle of the tests: installed once, from the checkout that is named."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.moodle.databases import on_mariadb
from tests.moodle.site import Site, installed


@pytest.fixture(scope="session")
def checkout() -> Path:
    """A checkout of Moodle; without one the test is skipped."""
    named = os.environ.get("EARLYBELL_MOODLE", "")
    if not named:
        pytest.skip("no checkout of Moodle is named: make test-moodle MOODLE=DIR")
    return Path(named)


@pytest.fixture(scope="session")
def moodle(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Moodle with the plugin on PostgreSQL."""
    with installed(checkout, tmp_path_factory.mktemp("moodle")) as running:
        yield running


@pytest.fixture(scope="session")
def moodle_on_mariadb(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A second Moodle with the plugin, on MariaDB."""
    with installed(checkout, tmp_path_factory.mktemp("mariadb"), on_mariadb) as running:
        yield running
