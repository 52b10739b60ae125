"""What tests share: a small simulated site, and what the pipeline's steps make of it, made once for all workers."""

import fcntl
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

# Workers share the processors: more threads of one would only wait for each other, and turn while they wait. It is
# read when NumPy is loaded, and by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from components.evaluate import evaluate
from components.extract.simulate import parse, simulate
from components.features import compute_features
from components.label import label_outcomes, label_targets
from components.train import find_candidates, train, train_heads

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


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder that all of xdist's workers read: whoever needs it first makes it, and the others wait for it.

    It is given the folder's name, which nothing else has, and what makes a new folder at a path. Nobody may change it.
    """
    root = tmp_path_factory.getbasetemp()
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shared"
    root.mkdir(exist_ok=True)

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed; the kernel does so for a worker that ends
            if not (root / name).exists():
                part = root / f"{name}.part"
                shutil.rmtree(part, ignore_errors=True)  # of a worker that failed
                make(part)
                part.rename(root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def site(once: Once) -> Path:
    """Canonical tables of a small simulated site: four finished course runs and one under way."""
    return once("site", lambda out: simulate(out, parse("learners=400,weeks=10,events=80,seed=3")))


@pytest.fixture(scope="session")
def features(site: Path, once: Once) -> Path:
    """The folder that the features step writes for `site`."""
    return once("features", lambda out: compute_features(site, "weekly", out))


@pytest.fixture(scope="session")
def labels(site: Path, features: Path, once: Once) -> Path:
    """The file that the label step writes for `site`."""

    def make(out: Path) -> None:
        out.mkdir()
        label_outcomes(site, features, out / "labels.parquet")

    return once("labels", make) / "labels.parquet"


@pytest.fixture(scope="session")
def candidates(features: Path, labels: Path, once: Once) -> dict[str, Path]:
    """The folder that the train step writes, for each candidate."""
    return {name: once(f"candidate-{name}", partial(train, name, features, labels)) for name in find_candidates()}


@pytest.fixture(scope="session")
def targets(site: Path, features: Path, once: Once) -> Path:
    """The folder of targets that the label step writes for `site`."""
    return once("targets", partial(label_targets, site, features))


@pytest.fixture(scope="session")
def heads(features: Path, labels: Path, targets: Path, once: Once) -> Path:
    """The folder that the step of the heads writes for `site`."""
    return once("heads", partial(train_heads, features, labels, targets))


@pytest.fixture(scope="session")
def bundle(
    site: Path, candidates: dict[str, Path], features: Path, labels: Path, targets: Path, heads: Path, once: Once
) -> Path:
    """The sealed bundle that the evaluate step writes; of models alone, as on so few learners rules are as good.

    Of the heads it answers the next work and the final score.
    """
    models = [candidates[name] for name, candidate in find_candidates().items() if not candidate.baseline]
    return once("bundle", lambda out: evaluate(models, features, labels, site, out, heads=heads, targets=targets))
