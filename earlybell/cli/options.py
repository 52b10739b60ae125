"""Arguments and options that commands share."""

import importlib.util
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from earlybell.errors import MissingPackageError
from earlybell.tables.schema import MOST_BAD_SHARE

SOURCE_HELP = "kind:place, as oulad:DIR, moodle-log:DIR, survey:DIR, tables:DIR, or simulate:seed=7"


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
BadShare = Annotated[
    float,
    typer.Option(
        min=0, max=MOST_BAD_SHARE, help="share of bad rows of a file above which the run stops (else: quarantine)"
    ),
]
EngineOption = Annotated[str, typer.Option(help="what computes features: duckdb, or pyspark (the site's Spark)")]
TrailOption = Annotated[
    str,
    typer.Option(envvar="EARLYBELL_TRAIL", help="audit trail: sqlite:PATH, or postgresql://USER@HOST/DATABASE"),
]
TrailAnchorsOption = Annotated[
    str,
    typer.Option(
        envvar="EARLYBELL_TRAIL_ANCHORS",
        help="with --trail: file for the heads of its chains, log (standard output) or none; PATH.anchors of SQLite",
    ),
]
WithoutGates = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="let it go on though it missed a gate; the reason stays with the version, so do not name a learner",
    ),
]
ModelVersionOption = Annotated[
    str,
    typer.Option(
        envvar="EARLYBELL_MODEL_VERSION", help="what answers and records call the bundle's version; else its digest"
    ),
]
RubricOption = Annotated[Path | None, typer.Option(help="with --label rubric: your own rubric.yaml")]
PassMark = Annotated[
    str,
    typer.Option(help="moodle-log: final grade below which a learner failed, as 50 or 50%; none: no outcomes"),
]
Timezone = Annotated[str, typer.Option(help="moodle-log: the clock of its times, as Europe/Berlin")]


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
