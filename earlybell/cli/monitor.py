"""The command `monitor`: the monitoring pipeline, run here."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from earlybell.cli.model import run_here
from earlybell.cli.options import Json, Sources, need_training, options_of
from earlybell.cli.ready import absolute, home, ready_sources
from earlybell.counts import counted
from earlybell.whole import written_whole
from earlybell.writable import check_folder
from pipelines.settings import MonitoringSettings

FIGURES, PAGE = "figures.parquet", "page.html"


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell monitor tables:site --bundle bundle --since 2026-03-01 --out watched")(
        monitor
    )


@options_of(MonitoringSettings)
def monitor(
    sources: Sources,
    settings: MonitoringSettings,
    out: Annotated[
        Path | None, typer.Option(help=f"folder for {FIGURES} and {PAGE}; else monitoring in EARLYBELL_HOME")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the monitoring pipeline here: whether a model in use is still right, and a page for a programme director.

    It prints a line for each figure beyond its threshold, and the page's address. It ends by 0 whatever it finds:
    --json has every figure. The files of a run are kept under .earlybell/runs (or EARLYBELL_HOME).
    """
    need_training("monitor")
    from components.monitor import read_period
    from components.report.monitoring import trouble_words
    from components.watched import read_rows, troubles
    from pipelines.monitoring import monitoring

    read_period(settings.since, settings.as_of)
    ready_sources(sources)
    folder = out or home() / "monitoring"
    check_folder(folder, "--out")
    settings = replace(settings, bundle=absolute(settings.bundle))
    outputs = run_here(monitoring, {"sources": sources, **asdict(settings)}, "Monitoring")
    for name, file in (("figures", FIGURES), ("page", PAGE)):
        with written_whole(folder / file) as part:
            shutil.copyfile(outputs[name].path, part)
    rows = read_rows(folder / FIGURES)
    if as_json:
        typer.echo(json.dumps([msgspec.to_builtins(row) for row in rows], indent=1))
        return
    for row in troubles(rows):
        typer.echo(trouble_words(row))
    runs = len({row.course_id for row in rows})
    figures_of_runs = f"{counted(len(rows), 'figure')} of {counted(runs, 'course run')}"
    typer.echo(f"{figures_of_runs}; page: {(folder / PAGE).absolute().as_uri()}")
