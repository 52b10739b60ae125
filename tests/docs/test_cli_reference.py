"""The reference of the command line is what the commands' help says."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT

PAGE = ROOT / "docs/reference/cli.md"


def test_the_reference_says_what_the_commands_say(tmp_path: Path) -> None:
    written = tmp_path / "cli.md"
    noise = {"COLUMNS": "40", "EARLYBELL_TRAIL": "sqlite:another.db"}  # of a terminal and of a site: not of the page
    command = [sys.executable, "-m", "tests.docs.cli_reference", str(written)]
    subprocess.run(command, cwd=ROOT, env=os.environ | noise, check=True)
    assert PAGE.read_text() == written.read_text(), "write it anew: make docs"
