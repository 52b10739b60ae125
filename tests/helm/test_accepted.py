"""Every object is taken by a real API server, strictly: a field that its kind does not have is an error."""

import copy
from pathlib import Path

import pytest

from tests.helm.render import OVERLAYS, SITES, built, named, rendered
from tests.helm.site import Site


@pytest.mark.parametrize("values", SITES)
def test_the_api_server_takes_every_object_of_the_chart(values: str, site: Site) -> None:
    assert not site.apply(rendered(*SITES[values]))


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_the_api_server_takes_every_object_of_an_overlay(overlay: Path, site: Site) -> None:
    assert not site.apply(built(overlay))


def test_a_field_that_a_kind_does_not_have_is_refused(site: Site) -> None:
    service = copy.deepcopy(named(built(OVERLAYS[0]))["InferenceService/learner-risk"])
    service["spec"]["predictor"]["maxReplica"] = 2
    done = site.ask("apply", "--server-side", "--validate=strict", "-f", "-", objects=[service])
    assert done.returncode != 0
    assert "maxReplica" in done.stderr
