"""What a browser sees of a Moodle: walk.py runs in an environment of its own, which has Playwright."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.moodle.plugin import ROOT
from tests.moodle.site import Site

BROWSER = os.environ.get("EARLYBELL_BROWSER", "")  # Python with what requirements/browser.txt locks
SHOTS = os.environ.get("EARLYBELL_SHOTS", "")  # a folder for the pictures


def need_browser() -> None:
    """Without one the test is skipped."""
    if not BROWSER:
        pytest.skip("no Python with Playwright is named: make test-moodle does it")


def walked(site: Site, folder: Path, ids: dict[str, Any], seconds: float = 1800.0) -> list[dict[str, Any]]:
    """What a walk through a site says that it saw.

    Args:
        folder: for the pictures, where no other is named.
        ids: what to walk through.
    """
    out = Path(SHOTS) if SHOTS else folder
    out.mkdir(parents=True, exist_ok=True)
    axe = site.public / "lib" / "behat" / "axe" / "axe.min.js"
    words = [BROWSER, Path(__file__).with_name("walk.py"), site.url, axe, out, json.dumps(ids)]
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]
