"""The documents as a site: Sphinx makes it of the same pages, and a warning is an error."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed (the extra `docs`)", exc_type=ImportError)
    out = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--doctree-dir", str(out / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(out / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_every_page_is_a_page_of_the_site(site: Path) -> None:
    written = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    assert written <= {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}


def test_a_link_to_a_file_beside_the_documents_leads_to_the_repository(site: Path) -> None:
    page = (site / "how-to/install.html").read_text()
    assert 'href="https://github.com/earlybell/earlybell/blob/main/helm/earlybell/README.md#values"' in page


def test_the_pictures_are_on_the_site(site: Path) -> None:
    assert {"architecture.svg", "report.svg", "list.svg"} <= {path.name for path in (site / "_images").iterdir()}
