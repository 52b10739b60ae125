"""What the tests of the pipelines share: the pipelines, compiled."""

from pathlib import Path

import pytest

from pipelines.compiled import compile_all
from tests.conftest import Once
from tests.pipelines.executor import Compiled, read


@pytest.fixture(scope="session")
def written(once: Once) -> Path:
    """The folder that `python -m pipelines compile` fills."""
    return once("compiled", compile_all)


@pytest.fixture(scope="session")
def training(written: Path) -> Compiled:
    return read(written / "training.yaml")


@pytest.fixture(scope="session")
def prediction(written: Path) -> Compiled:
    return read(written / "prediction.yaml")


@pytest.fixture(scope="session")
def monitoring(written: Path) -> Compiled:
    return read(written / "monitoring.yaml")


@pytest.fixture(scope="session")
def retraining(written: Path) -> Compiled:
    return read(written / "retraining.yaml")


@pytest.fixture(scope="session")
def every_pipeline(
    training: Compiled, prediction: Compiled, monitoring: Compiled, retraining: Compiled
) -> dict[str, Compiled]:
    """Each by its name."""
    return {"training": training, "prediction": prediction, "monitoring": monitoring, "retraining": retraining}
