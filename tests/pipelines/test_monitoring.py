"""The monitoring pipeline: a whole site, run here as a cluster runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.watched import read_rows
from earlybell.bundle import read_bundle

KEY = "0123456789abcdef0123456789abcdef"


def _earlybell(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "EARLYBELL"))}
    environment |= {"EARLYBELL_HOME": str(home), "EARLYBELL_PSEUDONYM_KEY": KEY}
    command = [str(Path(sys.executable).with_name("earlybell")), "monitor", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


def test_a_site_is_watched_and_its_page_is_named(bundle: Path, site: Path, tmp_path: Path) -> None:
    options = ["--since", "2023-04-01", "--as-of", "2023-05-20", "--bundle", bundle, "--out", tmp_path / "out"]
    done = _earlybell(f"tables:{site}", *options, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr[-3000:]
    rows = read_rows(tmp_path / "out" / "figures.parquet")
    assert {row.version for row in rows} == {read_bundle(bundle).version}
    assert {row.course_id for row in rows} == {"FMT-101-02", "FMT-102-02"}
    *lines, last = done.stdout.splitlines()
    assert last.endswith(f"{len(rows):,} figures of 2 course runs; page: {(tmp_path / 'out' / 'page.html').as_uri()}")
    assert all(line.startswith(("problem: FMT-", "warning: FMT-")) for line in lines)
    assert (tmp_path / "out" / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_a_site_between_two_terms_has_no_figure_and_no_error(bundle: Path, site: Path, tmp_path: Path) -> None:
    done = _earlybell(f"tables:{site}", "--bundle", bundle, "--json", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == []
    assert "No course run was under way" in (tmp_path / "home" / "monitoring" / "page.html").read_text()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--since", "2026-03-01", "--as-of", "2026-02-01"), 2, "nothing lies between"),
        (("--since", "spring"), 2, "--since is neither a day nor a moment: 'spring'"),
        (("--bundle", "nowhere"), 6, "not a sealed bundle"),
    ],
    ids=["no period", "no day", "no bundle"],
)
def test_what_cannot_be_done_is_said_in_a_line(
    options: tuple[str, ...], code: int, message: str, site: Path, tmp_path: Path
) -> None:
    done = _earlybell(f"tables:{site}", *options, home=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
