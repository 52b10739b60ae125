"""The settings of each pipeline: name, default, bounds and help of each, in this one place.

A pipeline's parameters in KFP, the options of the command that runs it here, and what `submit` takes follow from it.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from earlybell.errors import SettingError
from earlybell.gates import Gates
from earlybell.tables.schema import MOST_BAD_SHARE

MODEL_NAME = "learner-risk"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Setting:
    """What is known of a setting beside its type and default.

    Attributes:
        help: for a person, in a line.
        least, most: bounds of a number, which it may reach.
        option: the command's option, where it is not called as the setting.
        variable: of the environment, from which the command takes it.
    """

    help: str
    least: float = -math.inf
    most: float = math.inf
    option: str = ""
    variable: str = ""


ModelName = Annotated[str, Setting("name of the model in the registry", variable="EARLYBELL_MODEL_NAME")]
BadShare = Annotated[
    float, Setting("share of bad rows of a file above which the run stops (else: quarantine)", 0, MOST_BAD_SHARE)
]
Trail = Annotated[
    str, Setting("audit trail: sqlite:PATH, or postgresql://USER@HOST/DATABASE", variable="EARLYBELL_TRAIL")
]
TrailAnchors = Annotated[
    str,
    Setting(
        "with trail: file for the heads of its chains, log (standard output) or none; PATH.anchors of SQLite",
        variable="EARLYBELL_TRAIL_ANCHORS",
    ),
]
Version = Annotated[str, Setting("version in the registry, or alias")]
BundleFolder = Annotated[str, Setting("folder of a sealed bundle that every step can read, instead of a version")]
ModelVersion = Annotated[
    str,
    Setting("what answers and records call the bundle's version; else its digest", variable="EARLYBELL_MODEL_VERSION"),
]
Since = Annotated[str, Setting("the day from which on looks count; else 31 days before as_of")]
AsOf = Annotated[str, Setting("now, or a day: nothing that was known later counts")]
_GATES = Gates()


@dataclass(frozen=True)
class LearningSettings:
    """What every training needs to know beside its sources."""

    model_name: ModelName = MODEL_NAME
    label_kind: Annotated[str, Setting("what is warned of: outcome or rubric", option="--label")] = "outcome"
    rubric: Annotated[str, Setting("of the label rubric: your own rubric.yaml, where every step can read it")] = ""
    max_bad_share: BadShare = 0.01
    engine: Annotated[str, Setting("what computes features: duckdb, or pyspark (the site's Spark)")] = "duckdb"
    min_auc: Annotated[float, Setting("gate: AUC at 40% of runs left out", 0, 1)] = _GATES.min_auc
    max_calibration_error: Annotated[float, Setting("gate: calibration error there", 0, 1)] = (
        _GATES.max_calibration_error
    )
    max_disparity: Annotated[float, Setting("gate: sure gap in recall between groups", 0, 1)] = _GATES.max_disparity
    min_brier_skill: Annotated[float, Setting("gate: Brier skill there", -1, 1)] = _GATES.min_brier_skill
    min_worst_auc: Annotated[float, Setting("gate: AUC in the worst run left out", 0, 1)] = _GATES.min_worst_auc
    max_worst_calibration_error: Annotated[float, Setting("gate: calibration error there", 0, 1)] = (
        _GATES.max_worst_calibration_error
    )
    capacity: Annotated[float, Setting("learners of a run staff can see a week; below 1: a share")] = 0.2
    cost_miss: Annotated[float, Setting("with cost_false_alarm, above 0: thresholds from costs", 0)] = 0.0
    cost_false_alarm: Annotated[float, Setting("in the unit of cost_miss", 0)] = 0.0
    trail: Trail = ""
    trail_anchors: TrailAnchors = ""


@dataclass(frozen=True)
class TrainingSettings(LearningSettings):
    """What a training that somebody starts needs to know, too."""

    without_gates: Annotated[
        str,
        Setting(
            "let it go on though it missed a gate: the reason, which stays with the version; name no learner in it"
        ),
    ] = ""


@dataclass(frozen=True)
class PredictionSettings:
    """What a prediction of a whole site needs to know beside its sources."""

    model_name: ModelName = MODEL_NAME
    version: Version = "champion"
    bundle: BundleFolder = ""
    as_of: Annotated[
        str,
        Setting("a share of the run (0.4), a date (2026-03-01: its start by the site's clock), now, or weekly"),
    ] = "now"
    capacity: Annotated[
        float,
        Setting("worklist: learners of a course run that staff can see; below 1: a share; 0: the bundle's own"),
    ] = 0.0
    max_bad_share: BadShare = 0.01
    trail: Trail = ""
    trail_anchors: TrailAnchors = ""
    model_version: ModelVersion = ""


@dataclass(frozen=True)
class MonitoringSettings:
    """What watching a model in use needs to know beside its sources."""

    model_name: ModelName = MODEL_NAME
    version: Version = "champion"
    bundle: BundleFolder = ""
    since: Since = ""
    as_of: AsOf = "now"
    max_bad_share: BadShare = 0.01
    model_version: ModelVersion = ""


@dataclass(frozen=True)
class RetrainingSettings(LearningSettings):
    """What a retraining needs to know, too: of the champion, when to train, and who approves.

    Gates are not waived here: nobody is there to give a reason.
    """

    version: Version = "champion"
    bundle: BundleFolder = ""
    model_version: ModelVersion = ""
    since: Since = ""
    as_of: AsOf = "now"
    calendar_days: Annotated[float, Setting("days after a training, when the next is due", 0)] = 14.0
    margin: Annotated[
        float, Setting("how far a figure of performance must lie beyond its threshold to ask for a training", 0)
    ] = 0.0
    cool_down_days: Annotated[float, Setting("days after a training without another", 0)] = 7.0
    budget: Annotated[float, Setting("trainings in 30 days", 0)] = 4.0
    approval: Annotated[str, Setting("who approves a proposal: person, or automatic (what is not worse)")] = "person"


SETTINGS: dict[
    str, type[TrainingSettings] | type[PredictionSettings] | type[MonitoringSettings] | type[RetrainingSettings]
] = {
    "training": TrainingSettings,
    "prediction": PredictionSettings,
    "monitoring": MonitoringSettings,
    "retraining": RetrainingSettings,
}


@dataclass(frozen=True)
class Parameter:
    """A setting of a type of settings; `kind` is `str` or `float`."""

    name: str
    kind: type[str] | type[float]
    default: str | float
    setting: Setting

    def read(self, text: str) -> str | float:
        """The value that is written so.

        Raises:
            SettingError: it is not a number, or out of bounds.
        """
        if self.kind is str:
            return text
        least, most = self.setting.least, self.setting.most
        try:
            number = float(text)
        except ValueError:
            raise SettingError(f"{self.name} is not a number", text, "As 0.7.") from None
        if not least <= number <= most:
            raise SettingError(f"{self.name} is out of its bounds", text, f"From {least:g} to {most:g}.")
        return number


def parameters(settings: type) -> dict[str, Parameter]:
    """The parameters of a type of settings, by name."""
    described, defaults = {}, settings()
    for name, hint in get_type_hints(settings, include_extras=True).items():
        kind, setting = get_args(hint)
        described[name] = Parameter(name, kind, getattr(defaults, name), setting)
    return described


def as_parameters(settings: type) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator for KFP: each setting is a parameter of the pipeline, and described where its arguments are."""

    def decorate(pipeline: Callable[..., Result]) -> Callable[..., Result]:
        spread = in_its_place(settings, lambda parameter: parameter.kind)(pipeline)
        lines = [f"    {name}: {parameter.setting.help}" for name, parameter in parameters(settings).items()]
        spread.__doc__ = "\n".join([inspect.cleandoc(pipeline.__doc__ or ""), *lines])
        return spread

    return decorate


def in_its_place(
    settings: type, annotation: Callable[[Parameter], object]
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator: each setting is a parameter of the function, in the place of its one parameter `settings`.

    Typer and KFP read a function's signature. A setting that the function has a parameter of its own for is left to it:
    in `settings` it has its default.

    Args:
        settings: type of the function's parameter `settings`.
        annotation: of each parameter.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(function).parameters
        known = {name: parameter for name, parameter in parameters(settings).items() if name not in own}

        @wraps(function)
        def spread(*arguments: Any, **named: Any) -> Result:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            values = {name: bound.arguments.pop(name) for name in known}
            return function(**bound.arguments, settings=settings(**values))

        signature = _signature(function, known, annotation)
        spread.__signature__ = signature  # type: ignore[attr-defined] # which inspect reads first
        return spread

    return decorate


def _signature(
    function: Callable[..., object], known: dict[str, Parameter], annotation: Callable[[Parameter], object]
) -> inspect.Signature:
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    spread = [
        inspect.Parameter(name, either, default=parameter.default, annotation=annotation(parameter))
        for name, parameter in known.items()
    ]
    own = inspect.signature(function, eval_str=True)
    before, after = list(own.parameters.values()), list[inspect.Parameter]()
    while (last := before.pop()).name != "settings":
        after.insert(0, last)
    return own.replace(parameters=[*before, *spread, *after])
