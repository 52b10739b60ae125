"""The version stands in earlybell/__init__.py; wherever else it must stand, it is the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from earlybell import __version__

ROOT = Path(__file__).parents[1]
FILES = (
    "images/version",
    "earlybell/__init__.py",
    "helm/earlybell/Chart.yaml",
    "manifests/learner-risk/base/inferenceservice.yaml",
    "images/serving/Containerfile",
    "images/components/Containerfile",
)


def versions(root: Path) -> set[str]:
    """Every version that the files of a checkout name."""
    chart = yaml.safe_load((root / FILES[2]).read_text())
    model = yaml.safe_load((root / FILES[3]).read_text())["spec"]["predictor"]["model"]
    images = re.findall(r"(?m)^ARG VERSION=(.*)$", "".join((root / file).read_text() for file in FILES[4:]))
    assert len(images) == len(FILES[4:])
    return {chart["version"], chart["appVersion"], model["runtime"].removeprefix("earlybell-"), *images}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([root / "images/version", *arguments], capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What of a checkout has a version."""
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_chart_images_and_manifests_have_the_version_of_the_package() -> None:
    assert versions(ROOT) == {__version__}
    assert run(ROOT).stdout.strip() == __version__


def test_a_new_version_is_set_everywhere_at_once(copy: Path) -> None:
    assert run(copy, "9.8.7").returncode == 0
    assert versions(copy) == {"9.8.7"}
    assert run(copy).stdout == "9.8.7\n"


def test_a_tag_of_another_version_is_refused(copy: Path) -> None:
    assert run(copy, "--is", f"v{__version__}").returncode == 0
    refused = run(copy, "--is", "v9.9.9")
    assert refused.returncode == 2
    assert "v9.9.9" in refused.stderr


def test_what_is_no_version_is_not_set(copy: Path) -> None:
    assert run(copy, "next").returncode == 2
    assert versions(copy) == {__version__}
