"""Tests run what guides and lessons say, most of them on a cluster, which is not everywhere: here it is looked up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.documented import HOW_TO, TUTORIAL, commands

ROOMS = ("cluster", "extensions")  # whose tests run commands of the guides


def run() -> set[str]:
    """The headings whose commands some test runs."""
    files = (file for room in ROOMS for file in (Path(__file__).parent / room).glob("*.py"))
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    calls = (node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "commands")
    return {ast.literal_eval(call.args[0]) for call in calls}


def documented() -> Iterator[tuple[str, ...]]:
    """The headings above each block that tests have to run, the nearest last."""
    for page in (*sorted(HOW_TO.glob("*.md")), TUTORIAL / "whole-circle.md"):
        above: tuple[str, ...] = ()
        for line in page.read_text().splitlines():
            if heading := re.fullmatch(r"(#{1,6}) (.*)", line):
                above = (*above[: len(heading[1]) - 1], heading[2])
            elif line == "```sh":
                yield above


def test_every_command_that_a_person_is_told_to_run_is_run_by_a_test() -> None:
    ran = run()
    assert [above[-1] for above in documented() if not ran & set(above)] == [], "run it, or fence it as `sh not-run`"


@pytest.mark.parametrize("heading", sorted(run()))
def test_what_a_test_runs_is_there(heading: str) -> None:
    assert commands(heading)
