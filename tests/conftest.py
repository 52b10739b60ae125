"""What tests share: a small simulated site, and what the pipeline's steps make of it, each made once."""

from pathlib import Path

import pytest

from components.evaluate import evaluate
from components.extract.simulate import parse, simulate
from components.features import compute_features
from components.label import label_outcomes
from components.train import CANDIDATES, train

# Helpers' assertions too, so that a failure shows values and not a bare name.
_HELPERS = {path.stem for path in Path(__file__).parent.iterdir()} - {"conftest"}
pytest.register_assert_rewrite(*(f"tests.{name}" for name in _HELPERS))
OULAD = Path(__file__).parents[2] / "shared" / "data" / "oulad"


@pytest.fixture(scope="session")
def oulad() -> Path:
    """The real data set, where it is."""
    if not OULAD.is_dir():
        pytest.skip("the OULAD data set is not here")
    return OULAD


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Canonical tables of a small simulated site: four finished course runs and one under way."""
    out = tmp_path_factory.mktemp("site") / "tables"
    simulate(out, parse("learners=400,weeks=10,events=80,seed=3"))
    return out


@pytest.fixture(scope="session")
def features(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the features step writes for `site`."""
    out = tmp_path_factory.mktemp("features")
    compute_features(site, "weekly", out)
    return out


@pytest.fixture(scope="session")
def labels(site: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the label step writes for `site`."""
    out = tmp_path_factory.mktemp("labels") / "labels.parquet"
    label_outcomes(site, features, out)
    return out


@pytest.fixture(scope="session")
def candidates(features: Path, labels: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder that the train step writes, for each candidate."""
    root = tmp_path_factory.mktemp("candidates")
    for name in CANDIDATES:
        train(name, features, labels, root / name)
    return {name: root / name for name in CANDIDATES}


@pytest.fixture(scope="session")
def bundle(
    site: Path, candidates: dict[str, Path], features: Path, labels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The sealed bundle that the evaluate step writes."""
    out = tmp_path_factory.mktemp("evaluated") / "bundle"
    evaluate(list(candidates.values()), features, labels, site, out)
    return out
