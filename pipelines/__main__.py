"""`python -m pipelines`: the pipelines for a cluster. `compile` writes them, `submit` runs them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from earlybell.errors import PipelineError, SettingError, ended_by_own_errors, exit_codes
from earlybell.writable import check_folder
from pipelines.settings import SETTINGS

app = typer.Typer(
    help="The pipelines for a cluster: as files, or run there.",
    epilog=exit_codes(SettingError, PipelineError),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Image = Annotated[str, typer.Option(envvar="EARLYBELL_IMAGE", help="of the components; else that of this version")]
Values = Annotated[
    list[Path],
    typer.Option(
        envvar="EARLYBELL_VALUES", help="of the site's chart: authorities, proxy, nodes, user; may be repeated"
    ),
]
Namespace = Annotated[str, typer.Option(envvar="KFP_NAMESPACE", help="of the site, where KFP serves several")]


@app.command(
    "compile", epilog="Example: python -m pipelines compile build && kubectl apply -f build/training-kubernetes.yaml"
)
def compile_to(
    folder: Annotated[Path, typer.Argument(help="of the files to write")],
    image: Image = "",
    values: Values = [],  # noqa: B006 (Typer reads it, nobody changes it)
    namespace: Namespace = "",
) -> None:
    """Write NAME.yaml (for the KFP client) and NAME-kubernetes.yaml (for kubectl, where KFP keeps pipelines so)."""
    _use(image, values)
    check_folder(folder, "the folder")
    from pipelines.compiled import compile_all

    for path in compile_all(folder, namespace or None):
        typer.echo(path)


@app.command(epilog="Example: python -m pipelines submit training --source oulad:/sources/oulad --every-weeks 2")
def submit(
    name: Annotated[str, typer.Argument(help=f"of the pipeline: {' or '.join(SETTINGS)}", metavar="NAME")],
    source: Annotated[list[str], typer.Option(help="kind:place, below /sources; may be given several times")],
    endpoint: Annotated[str, typer.Option(envvar="KFP_ENDPOINT", help="address of the KFP API")] = "",
    schedule: Annotated[str, typer.Option(help="recurring, as '0 3 * * *': minute, hour, day, month, weekday")] = "",
    every_weeks: Annotated[int, typer.Option(min=0, help="recurring, every so many weeks from now")] = 0,
    setting: Annotated[list[str], typer.Option("--set", help="parameter, as min_auc=0.7; may be repeated")] = [],  # noqa: B006 (Typer reads it, nobody changes it)
    wait: Annotated[bool, typer.Option(help="until the run has ended, telling its progress")] = False,
    service_account: Annotated[
        str, typer.Option(help="of the tasks' pods; else the chart's in --namespace, or KFP's")
    ] = "",
    image: Image = "",
    values: Values = [],  # noqa: B006 (Typer reads it, nobody changes it)
    namespace: Namespace = "",
) -> None:
    """Run a pipeline on a cluster now, or, with --schedule or --every-weeks, again and again.

    A recurring run takes the place of the one before it; where nothing has changed, that one stays. The version of the
    pipeline is uploaded if KFP does not have it. A token is read from KFP_TOKEN.
    """
    if name not in SETTINGS:
        raise SettingError("no such pipeline", name, f"Pipelines: {', '.join(SETTINGS)}.")
    if not endpoint:
        way_out = "Name it by --endpoint or KFP_ENDPOINT, as http://localhost:8888."
        raise SettingError("the address of Kubeflow Pipelines is not known", endpoint, way_out)
    _use(image, values)
    from components.extract.extract import check_sources
    from pipelines.schedule import read_schedule
    from pipelines.submit import Backend, read_parameters

    check_sources(source)

    when = read_schedule(schedule, every_weeks)
    if when and wait:
        raise SettingError("a recurring run does not end", "--wait", "Leave it away, or the schedule.")
    parameters = read_parameters(name, source, setting)
    if when and parameters.get("without_gates"):
        way_out = "Give a reason for one run, without a schedule."
        raise SettingError("gates are not waived again and again", parameters["without_gates"], way_out)
    backend = Backend(endpoint, os.environ.get("KFP_TOKEN", ""), namespace, service_account)
    if when:
        typer.echo(backend.schedule(name, parameters, when))
        return
    run = backend.run(name, parameters)
    typer.echo(f"run {run}")
    if wait:
        backend.wait(run, typer.echo)


def _use(image: str, values: list[Path]) -> None:
    """Components know their image when they are imported, and pipelines their site."""
    if image:
        os.environ["EARLYBELL_IMAGE"] = image
    os.environ["EARLYBELL_VALUES"] = os.pathsep.join(map(str, values))


def main() -> None:
    """Run a command; an error that a user can mend is one line on stderr and its exit code."""
    with ended_by_own_errors(lambda line: typer.secho(line, fg="red", err=True)):
        app()


if __name__ == "__main__":
    main()
