"""Arguments and options that commands share."""

import importlib.util
import math
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from earlybell.errors import MissingPackageError
from pipelines.settings import PredictionSettings, TrainingSettings, in_its_place, parameters

SOURCE_HELP = (
    "kind:place, as oulad:DIR, moodle-db:ADDRESS, moodle-web:ADDRESS, moodle-log:DIR, survey:DIR, tables:DIR, "
    "simulate:seed=7, "
    "or an extension's"
)


class Ids(StrEnum):
    """Whose ids a command writes."""

    pseudonymous = "pseudonymous"
    keep = "keep"


Source = Annotated[str, typer.Argument(help=SOURCE_HELP)]
Sources = Annotated[list[str], typer.Argument(help=SOURCE_HELP)]
BundlePath = Annotated[Path, typer.Argument(help="folder of a sealed bundle", metavar="BUNDLE")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
IdsOption = Annotated[
    Ids, typer.Option(help="keep: the source's own ids, for those who may see them; else a keyed hash of them")
]


def option(settings: type, name: str, metavar: str | None = None) -> OptionInfo:
    """The command's option for a setting: its name, bounds, help and variable are those of the setting."""
    parameter = parameters(settings)[name]
    setting = parameter.setting
    declared: OptionInfo = typer.Option(
        setting.option or f"--{name.replace('_', '-')}",
        help=setting.help,
        metavar=metavar,
        min=setting.least if math.isfinite(setting.least) else None,
        max=setting.most if math.isfinite(setting.most) else None,
        envvar=setting.variable or None,
    )
    return declared


def options_of(settings: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: a command's one parameter `settings` is an option for each setting."""
    return in_its_place(settings, lambda parameter: Annotated[parameter.kind, option(settings, parameter.name)])


BadShareOption = Annotated[float, option(TrainingSettings, "max_bad_share")]
EngineOption = Annotated[str, option(TrainingSettings, "engine")]
ModelNameOption = Annotated[str, option(TrainingSettings, "model_name")]
AsOfOption = Annotated[str, option(PredictionSettings, "as_of")]
TrailOption = Annotated[str, option(PredictionSettings, "trail")]
TrailAnchorsOption = Annotated[str, option(PredictionSettings, "trail_anchors")]
ModelVersionOption = Annotated[str, option(PredictionSettings, "model_version")]
WithoutGates = Annotated[str | None, option(TrainingSettings, "without_gates", metavar="REASON")]
RubricOption = Annotated[Path | None, typer.Option(help="with --label rubric: your own rubric.yaml")]


def tell_in_red(text: str) -> None:
    """A line of stderr, in red where it is a terminal."""
    typer.secho(text, fg="red", err=True)


def need_training(command: str) -> None:
    """Raises:
    MissingPackageError: the packages of the extra `training` are not installed.
    """
    for package in ("ibis", "pandera", "kfp", "sklearn", "mlflow"):
        if importlib.util.find_spec(package) is None:
            way_out = "Install them with `pip install earlybell[training]`."
            raise MissingPackageError(f"{command} needs packages that are not installed", package, way_out)


def need_serving(command: str) -> None:
    """Raises:
    MissingPackageError: the packages of the extra `serving` are not installed.
    """
    if importlib.util.find_spec("kserve") is None:
        way_out = "Install them with `pip install earlybell[serving]`."
        raise MissingPackageError(f"{command} needs packages that are not installed", "kserve", way_out)


def need_mlbackend(command: str) -> None:
    """Raises:
    MissingPackageError: the packages of the extra `mlbackend` are not installed.
    """
    for package in ("httptools", "orjson", "prometheus_client", "pyarrow", "python_multipart", "starlette", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            way_out = "Install them with `pip install earlybell[training,mlbackend]`."
            raise MissingPackageError(f"{command} needs packages that are not installed", package, way_out)
