"""The lesson's commands, run as they stand there, in a folder where the demo has left its model."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT, blocks


def test_the_commands_of_the_lesson_make_a_list_and_a_card(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / ".earlybell/demo")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(sys.executable).parent)
    script = "\n".join(block.text for block in blocks(ROOT / "docs/tutorial/first-run.md") if block.kind == "sh")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EARLYBELL")}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "today.csv").read_text().splitlines()
    assert len(rows) == 1 + 5 * 8  # of five course runs eight learners each
    assert "How to contest a prediction" in (tmp_path / "card.html").read_text()
