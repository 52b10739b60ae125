"""A setting has one name, default, bound and help: in its type, in KFP and on the command line."""

import math
from dataclasses import fields
from typing import Any

import pytest
import typer

from earlybell.cli.main import app
from earlybell.errors import SettingError
from pipelines.compiled import PIPELINES
from pipelines.settings import SETTINGS, Parameter, TrainingSettings, parameters
from pipelines.submit import read_parameters
from tests.pipelines.executor import Compiled

COMMANDS = {"training": "train", "prediction": "predict-site", "monitoring": "monitor", "retraining": "retrain"}
OF_ONE_SETTING = [  # commands that have single settings of a pipeline
    ("extract", "max_bad_share"),
    ("features", "engine"),
    ("reproduce", "model_name"),
    ("reproduce", "engine"),
    ("release", "model_name"),
    ("status", "model_name"),
    ("aliases", "model_name"),
    ("approve", "model_name"),
    ("approve", "trail"),
    ("approve", "trail_anchors"),
    ("reject", "model_name"),
    ("reject", "trail"),
    ("reject", "trail_anchors"),
    ("release", "trail"),
    ("release", "trail_anchors"),
    ("predict", "trail"),
    ("predict", "trail_anchors"),
    ("predict", "model_version"),
]
KINDS = {"NUMBER_DOUBLE": float, "STRING": str}


def _options(command: str) -> dict[str, Any]:
    """The options of a command by the name of their parameter."""
    group: Any = typer.main.get_command(app)
    return {parameter.name: parameter for parameter in group.commands[command].params}


def _parameters() -> dict[str, Parameter]:
    return {name: parameter for settings in SETTINGS.values() for name, parameter in parameters(settings).items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_pipelines_parameters_are_the_settings(name: str, every_pipeline: dict[str, Compiled]) -> None:
    compiled = every_pipeline[name]
    inputs = compiled.spec["root"]["inputDefinitions"]["parameters"]
    del inputs["sources"]
    by_name = parameters(SETTINGS[name])
    assert {
        key: (KINDS[definition["parameterType"]], definition["defaultValue"], definition["description"])
        for key, definition in inputs.items()
    } == {key: (parameter.kind, parameter.default, parameter.setting.help) for key, parameter in by_name.items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_commands_options_are_the_settings(name: str) -> None:
    options = _options(COMMANDS[name])
    for key, parameter in parameters(SETTINGS[name]).items():
        option = options[key]
        # An empty reason on the command line is a mistake, and no reason at all is none.
        assert (option.default, option.help) == (
            None if key == "without_gates" else parameter.default,
            parameter.setting.help,
        )
        assert option.opts == [parameter.setting.option or f"--{key.replace('_', '-')}"]
        assert (option.envvar or "") == parameter.setting.variable
        assert _bounds(option) == (parameter.setting.least, parameter.setting.most)


@pytest.mark.parametrize(("command", "name"), OF_ONE_SETTING)
def test_other_commands_take_a_setting_as_the_pipelines_do(command: str, name: str) -> None:
    option, parameter = _options(command)[name], _parameters()[name]
    assert option.default == parameter.default
    assert (option.envvar or "") == parameter.setting.variable
    assert _bounds(option) == (parameter.setting.least, parameter.setting.most)


def _bounds(option: Any) -> tuple[float, float]:
    return (-math.inf if option.min is None else option.min, math.inf if option.max is None else option.max)


def test_no_setting_is_without_help_and_defaults_are_within_their_bounds() -> None:
    for name, parameter in _parameters().items():
        assert parameter.setting.help, name
        assert parameter.read(str(parameter.default)) == parameter.default


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("min_auc=1.5", "min_auc is out of its bounds: '1.5'. From 0 to 1."),
        ("min_auc=nan", "min_auc is out of its bounds: 'nan'. From 0 to 1."),
        ("cost_miss=-1", "cost_miss is out of its bounds: '-1'. From 0 to inf."),
        ("max_bad_share=0.5", "max_bad_share is out of its bounds: '0.5'. From 0 to 0.05."),
        ("min_auc=", "min_auc is not a number: ''. As 0.7."),
    ],
)
def test_a_number_out_of_its_bounds_is_refused_before_it_is_submitted(setting: str, error: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_parameters("training", ["simulate:"], [setting])
    assert str(refused.value) == error


@pytest.mark.parametrize("bound", ["min_auc=0", "min_auc=1", "max_bad_share=0.05"])
def test_a_bound_may_be_reached(bound: str) -> None:
    name, _, value = bound.partition("=")
    assert read_parameters("training", ["simulate:"], [bound])[name] == float(value)


@pytest.mark.parametrize("name", ["pass_mark", "timezone"])
def test_what_moved_into_the_sources_address_is_said(name: str) -> None:
    with pytest.raises(
        SettingError, match=r"part of the source's address now: .*moodle-log:DIR\?pass_mark=50%&timezone"
    ):
        read_parameters("prediction", ["simulate:"], [f"{name}=50"])


def test_settings_have_the_fields_that_the_pipelines_take() -> None:
    for name, settings in SETTINGS.items():
        inputs = PIPELINES[name].pipeline_spec.root.input_definitions.parameters
        assert {field.name for field in fields(settings)} | {"sources"} == set(inputs)
    assert TrainingSettings().model_name == "learner-risk"
