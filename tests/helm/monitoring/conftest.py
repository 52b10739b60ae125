"""What the tests of monitoring share."""

from pathlib import Path

import pytest

BUNDLE = Path(__file__).parents[2] / "serving/runtime/data/bundle-of-catalogue-1"


@pytest.fixture(scope="session")
def small_bundle() -> Path:
    """A sealed bundle that is there already."""
    pytest.importorskip("kserve", reason="kserve is not installed (the extra `serving`)", exc_type=ImportError)
    return BUNDLE
