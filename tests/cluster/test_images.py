"""The images as they were built: what is in them, and that they run with a read-only root as nobody in particular."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from earlybell import __version__
from tests.serving.running import free_ports

BUILD = Path(__file__).parent / "images" / "build"
NOBODY = 65532
MEGABYTES = {"serving": 800, "components": 1250}  # at most, uncompressed, with the base
# In a mount namespace of its own: the image read-only but for /tmp, as a pod has it, and a folder on /mnt.
ENTER = """
mount --bind "$0" "$0" && mount -t tmpfs tmpfs "$0/tmp" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev"
mount --bind "$1" "$0/mnt" && mount -o remount,ro,bind "$0" && shift && exec chroot --userspec=65532:65532 "$0" "$@"
"""


@dataclass(frozen=True)
class Image:
    """An image, unpacked. `config` is what a container runtime reads of it."""

    name: str
    root: Path
    archive: Path
    config: dict[str, object]

    def command(self, *words: str, mnt: Path | None = None) -> list[str]:
        """A command line that runs the words inside, with the image's own environment and nothing else."""
        environment = ["env", "-i", "-C", str(self.config["WorkingDir"]), *self.config["Env"]]  # type: ignore[misc]
        return [
            "unshare",
            "--mount",
            "sh",
            "-ec",
            ENTER,
            str(self.root),
            str(mnt or self.root / "mnt"),
            *environment,
            *words,
        ]

    def run(self, *words: str) -> str:
        """What the words print; they must end with 0."""
        return subprocess.run(self.command(*words), check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", params=["serving", "components"])
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    """Each of our images, built (or taken from the cache) and unpacked."""
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)] + ["root"] * (os.geteuid() != 0)
    if missing:
        say = pytest.fail if os.environ.get("CI") or os.environ.get("EARLYBELL_CI") else pytest.skip
        say(f"images are not built here without {', '.join(missing)}")
    archive = _output(str(BUILD), request.param, __version__)  # as the cluster of the tests runs it
    container = _output("buildah", "from", f"docker-archive:{archive}")
    config = json.loads(_output("buildah", "inspect", container))["OCIv1"]["config"]
    yield Image(request.param, Path(_output("buildah", "mount", container)), Path(archive), config)
    subprocess.run(["buildah", "rm", container], check=True, capture_output=True)


def _output(*words: str) -> str:
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_it_runs_as_a_number_that_is_not_root_and_says_what_it_is(image: Image) -> None:
    labels = image.config["Labels"]
    assert image.config["User"] == f"{NOBODY}:{NOBODY}"
    assert isinstance(labels, dict)
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"]


def test_it_runs_with_a_read_only_root(image: Image) -> None:
    assert f"uid={NOBODY} gid={NOBODY}" in image.run("id")
    assert "Usage: earlybell" in image.run("earlybell", "--help")
    assert image.run("python", "-c", "import earlybell; print(earlybell.__version__)").strip() == __version__
    with pytest.raises(subprocess.CalledProcessError):
        image.run("touch", "/opt/earlybell/here")


def test_it_holds_no_compiler_no_pip_and_no_cache(image: Image) -> None:
    programs = {
        path.name for folder in ("usr/bin", "usr/local/bin", "opt/earlybell/bin") for path in _in(image, folder)
    }
    assert not programs & {"gcc", "cc", "g++", "make", "pip", "pip3", "curl", "git"}
    assert not [*_in(image, "root/.cache"), *_in(image, "var/cache/apt/archives"), *_in(image, "var/lib/apt/lists")]
    assert {path.name for path in _in(image, "opt")} == {"earlybell"}


def _in(image: Image, folder: str) -> list[Path]:
    return list((image.root / folder).iterdir()) if (image.root / folder).is_dir() else []


def test_its_python_is_compiled_and_nothing_of_the_building_machine_is_in_it(image: Image) -> None:
    package = next((image.root / "opt/earlybell/lib").glob("python3.*/site-packages/earlybell"))
    assert (package / "__pycache__" / "errors.cpython-311.pyc").exists()
    settings = [path.name for path in _in(image, "etc") if path.name in ("pip.conf", "resolv.conf.bak")]
    assert settings == []
    env = [variable.lower() for variable in image.config["Env"]]  # type: ignore[attr-defined]
    assert not [variable for variable in env if "proxy" in variable or "index" in variable]


def test_it_stays_as_small_as_it_is(image: Image) -> None:
    assert image.archive.stat().st_size / 1e6 < MEGABYTES[image.name]


@pytest.mark.parametrize("module", ["kfp", "mlflow", "ibis", "sklearn", "boto3"])
def test_what_trains_is_in_the_components_alone(image: Image, module: str) -> None:
    look = f"import importlib.util; print(importlib.util.find_spec({module!r}) is not None)"
    assert image.run("python", "-c", look).strip() == str(image.name == "components")


def test_what_serves_answers_from_the_image(image: Image, bundle: Path) -> None:
    if image.name != "serving":
        pytest.skip("only the serving image serves")
    (port,) = free_ports(1)
    words = ("earlybell", "serve", "/mnt", "--no-tokens", "--http-port", str(port), "--grpc-port", "0")
    with subprocess.Popen(image.command(*words, mnt=bundle)) as server:
        try:
            assert _ready(f"http://127.0.0.1:{port}/v2/models/learner-risk/ready", server)
        finally:
            server.terminate()
    assert server.returncode == 0


def _ready(url: str, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return True
        except httpx.TransportError:
            time.sleep(0.2)
    return False
