"""Small requests that are there at the same time are observed together; each gets its own answer, or its own error."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from earlybell.bundle import read_bundle
from earlybell.errors import RequestError
from earlybell.predict import Observed
from earlybell.predict.workspace import Workspace
from earlybell.tables.codec import Instance, decode
from serving.runtime.together import Together
from tests.earlybell.extracts import EXTRACT, changed
from tests.serving.running import Server
from tests.serving.runtime.asking import PREDICT

BAD = 3.0  # a score which the workspace below cannot compute with


class Watched(Workspace):
    """A workspace that keeps how many instances it observed at a time, and has an error for a score."""

    def __init__(self, bundle: Path) -> None:
        super().__init__(read_bundle(bundle))
        self.observed: list[int] = []

    def observe_all(self, instances: Sequence[Instance]) -> list[Observed]:
        self.observed.append(len(instances))
        if any(BAD in instance.rows["submissions"]["score"] for instance in instances):
            raise RequestError("values that cannot be computed with", "too far apart", "Mend them.")
        return super().observe_all(instances)


@pytest.fixture
def workspace(bundle: Path) -> Watched:
    return Watched(bundle)


def _instance(score: float) -> Instance:
    return decode(changed(score, "submissions", 0, "score"), "instance", datetime(2026, 3, 2))


async def _ask(workspace: Workspace, scores: Sequence[float]) -> list[list[Observed] | BaseException]:
    together = Together(workspace)
    return await asyncio.gather(*(together.observe([_instance(score)]) for score in scores), return_exceptions=True)


def test_those_who_ask_at_the_same_time_are_observed_together(workspace: Watched) -> None:
    answers = asyncio.run(_ask(workspace, [1.0, 2.0, 4.0]))
    assert workspace.observed == [3]
    for score, answer in zip([1.0, 2.0, 4.0], answers, strict=True):
        assert not isinstance(answer, BaseException)
        (observed,) = answer
        np.testing.assert_array_equal(observed.values, workspace.observe(_instance(score)).values)


def test_who_comes_a_round_later_is_still_observed_with_them(workspace: Watched) -> None:
    async def late(together: Together, rounds: int) -> list[Observed]:
        for _ in range(rounds):
            await asyncio.sleep(0)
        return await together.observe([_instance(1.0)])

    async def ask() -> None:
        together = Together(workspace)
        await asyncio.gather(*(late(together, rounds) for rounds in (0, 2, 4)))
        await late(together, 0)

    asyncio.run(ask())
    assert workspace.observed == [3, 1]


def test_what_cannot_be_computed_with_is_an_error_of_its_own_request(workspace: Watched) -> None:
    first, bad, last = asyncio.run(_ask(workspace, [1.0, BAD, 4.0]))
    assert isinstance(bad, RequestError)
    assert isinstance(first, list)
    assert isinstance(last, list)


def test_a_client_that_goes_away_takes_nobody_along(workspace: Watched) -> None:
    async def ask() -> list[Observed]:
        together = Together(workspace)
        gone = asyncio.create_task(together.observe([_instance(1.0)]))
        waits = asyncio.create_task(together.observe([_instance(2.0)]))
        await asyncio.sleep(0)
        gone.cancel()
        return await waits

    assert len(asyncio.run(ask())) == 1
    assert workspace.observed == [1]


def test_many_clients_at_once_get_what_each_gets_alone(server: Server) -> None:
    """By the real server: of two learners, with other scores, at 16 connections at a time."""
    bodies = [{"instances": [changed(number / 4, "submissions", 0, "score")]} for number in range(41)]

    def ask(client: httpx.Client, body: dict[str, Any]) -> Any:
        return client.post(PREDICT, json=body).raise_for_status().json()["predictions"]

    limits = httpx.Limits(max_connections=16)
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60, limits=limits) as client:
        alone = [ask(client, body) for body in bodies]
        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(lambda body: ask(client, body), bodies))
    assert together == alone
    risks = {learner["risk"] for predictions in alone for run in predictions for learner in run["learners"]}
    assert len(risks) > 2, "the answers do not differ, so nothing was shown"
    assert EXTRACT["enrolments"][0]["learner_id"] in {learner["learner_id"] for learner in alone[0][0]["learners"]}
