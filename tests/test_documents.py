"""Tests on a cluster run what docs/how-to says. They do not run everywhere: here it is only looked up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.documented import HOW_TO, commands

CLUSTER = Path(__file__).parent / "cluster"


def run() -> set[str]:
    """The headings whose commands some test on a cluster runs."""
    found = (node for file in CLUSTER.glob("*.py") for node in ast.walk(ast.parse(file.read_text())))
    calls = (node for node in found if isinstance(node, ast.Call) and ast.unparse(node.func) == "commands")
    return {ast.literal_eval(call.args[0]) for call in calls}


def documented() -> Iterator[tuple[str, ...]]:
    """The headings above each block that tests have to run, the nearest last."""
    for page in sorted(HOW_TO.glob("*.md")):
        above: tuple[str, ...] = ()
        for line in page.read_text().splitlines():
            if heading := re.fullmatch(r"(#{1,6}) (.*)", line):
                above = (*above[: len(heading[1]) - 1], heading[2])
            elif line == "```sh":
                yield above


def test_every_command_that_a_person_is_told_to_run_is_run_by_a_test_on_the_cluster() -> None:
    ran = run()
    assert [above[-1] for above in documented() if not ran & set(above)] == [], "run it, or fence it as `sh not-run`"


@pytest.mark.parametrize("heading", sorted(run()))
def test_what_a_test_on_the_cluster_runs_is_there(heading: str) -> None:
    assert commands(heading)
