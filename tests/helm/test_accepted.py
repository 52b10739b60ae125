"""Every object is taken by a real API server, strictly: a field that its kind does not have is an error."""

import copy
from pathlib import Path

import pytest

from tests.helm.apiserver import ApiServer
from tests.helm.render import OVERLAYS, SITES, Object, built, named, rendered


@pytest.mark.parametrize("site", SITES)
def test_the_api_server_takes_every_object_of_the_chart(site: str, api_server: ApiServer) -> None:
    namespace = api_server.namespace(f"site-{site.replace('_', '-')}")
    assert not api_server.apply(namespace, _in(namespace, rendered(*SITES[site])))


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_the_api_server_takes_every_object_of_an_overlay(overlay: Path, api_server: ApiServer) -> None:
    namespace = api_server.namespace(overlay.name)
    assert not api_server.apply(namespace, built(overlay))


def test_a_field_that_a_kind_does_not_have_is_refused(api_server: ApiServer) -> None:
    service = copy.deepcopy(named(built(OVERLAYS[0]))["InferenceService/learner-risk"])
    service["spec"]["predictor"]["maxReplica"] = 2
    done = api_server.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", objects=[service])
    assert done.returncode != 0
    assert "maxReplica" in done.stderr


def _in(namespace: str, objects: list[Object]) -> list[Object]:
    """The objects in another namespace, accounts first: a pod is not taken before its account is there."""
    moved = copy.deepcopy(objects)
    for one in moved:
        one["metadata"]["namespace"] = namespace
        for subject in one.get("subjects", []):
            if "namespace" in subject:
                subject["namespace"] = namespace
    return sorted(moved, key=lambda one: one["kind"] != "ServiceAccount")
