"""Every setting of the environment and every exit code is documented."""

import re

from earlybell import errors
from tests.docs.markdown import ROOT

ROOMS = ("earlybell", "components", "pipelines", "serving", "rollout")
OWN = {"EARLYBELL_ERROR_FILE"}  # between a pipeline's run and its steps


def _variables() -> set[str]:
    texts = [path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return {variable for text in texts for variable in re.findall(r"EARLYBELL_[A-Z]+(?:_[A-Z]+)*", text)}


def test_every_variable_is_in_the_table_and_no_other() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert set(re.findall(r"`(EARLYBELL_[A-Z_]+)`", page)) == _variables() - OWN


def test_every_exit_code_is_in_the_table_and_no_other() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    kinds: list[type[errors.EarlybellError]] = [errors.EarlybellError, *errors.EarlybellError.__subclasses__()]
    codes = {kind.exit_code: kind.meaning for kind in kinds} | {0: "done", errors.INTERRUPTED: "interrupted"}
    assert {int(code): meaning for code, meaning in re.findall(r"(?m)^\| (\d+) \| ([^|]+) \|", page)} == codes
