"""What a drained node may take: a version's pods count for that version alone, and no pod has two budgets."""

import json

import pytest

from tests.rollout.site import ANOTHER, MODEL, OURS, Object, Site


def _step(site: Site, overlay: str, version: int, *options: object) -> None:
    site.apply(site.release(version, *options, overlay=overlay))
    site.knative_settles() if overlay == "knative" else site.standard_settles()


def _budgets(site: Site) -> dict[str, tuple[str, str]]:
    """The version and the runtime whose pods each budget is for."""
    budgets: list[Object] = json.loads(site.kubectl("get", "poddisruptionbudgets", "-o", "json"))["items"]
    chosen = {budget["metadata"]["name"]: budget["spec"]["selector"]["matchLabels"] for budget in budgets}
    assert all(labels["serving.kserve.io/inferenceservice"] == MODEL for labels in chosen.values())
    return {
        name: (labels["earlybell.io/model-version"], labels["earlybell.io/runtime"]) for name, labels in chosen.items()
    }


@pytest.mark.parametrize("overlay", ["knative", "standard"])
def test_what_serves_and_what_is_on_trial_have_a_budget_each(campus: Site, overlay: str) -> None:
    serving, trial = MODEL, f"{MODEL}-trial"
    _step(campus, overlay, 3, "--traffic", 100)
    assert _budgets(campus) == {serving: ("3", OURS)}
    for traffic in (0, 50, 100):
        _step(campus, overlay, 4, "--traffic", traffic)
        assert _budgets(campus) == {serving: ("3", OURS), trial: ("4", OURS)}
    _step(campus, overlay, 4, "--promote")
    assert _budgets(campus) == {serving: ("4", OURS), trial: ("3", OURS)}
    for step in (("--traffic", 0), ("--traffic", 100), ("--promote",)):  # a new image for the same version
        _step(campus, overlay, 4, "--runtime", ANOTHER, *step)
    assert _budgets(campus) == {serving: ("4", ANOTHER), trial: ("4", OURS)}


def test_the_old_version_as_a_new_revision_has_one_budget(campus: Site) -> None:
    for version, traffic in ((3, 100), (4, 50), (4, 0), (3, 0)):
        _step(campus, "knative", version, "--traffic", traffic)
    assert _budgets(campus) == {MODEL: ("3", OURS), f"{MODEL}-trial": ("4", OURS)}
    _step(campus, "knative", 3, "--promote")
    assert _budgets(campus) == {MODEL: ("3", OURS), f"{MODEL}-trial": ("4", OURS)}
