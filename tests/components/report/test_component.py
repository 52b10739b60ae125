"""The report as a step of the pipeline, and as a command."""

from pathlib import Path

from kfp import dsl
from typer.testing import CliRunner

from components.report import write_report
from components.report.component import report
from earlybell.bundle import read_bundle
from earlybell.cli.main import app
from earlybell.gates import read_verdict


def test_the_step_and_the_command_write_the_report_of_the_bundle(bundle: Path, tmp_path: Path) -> None:
    page = dsl.HTML(name="page", uri=str(tmp_path / "page.html"))
    report.python_func(bundle=dsl.Model(uri=str(bundle)), page=page)
    done = CliRunner().invoke(app, ["report", str(bundle), "--out", str(tmp_path / "report.html")])
    assert done.exit_code == 0, done.output
    write_report(read_bundle(bundle).evaluation, tmp_path / "own.html", read_verdict(bundle))
    own = (tmp_path / "own.html").read_bytes()
    assert own == (tmp_path / "page.html").read_bytes() == (tmp_path / "report.html").read_bytes()
    read_bundle(bundle)
