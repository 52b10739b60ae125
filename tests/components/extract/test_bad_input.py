"""Bad input: each source refuses it or sets it aside, says so, and loses nothing."""

import re
from pathlib import Path

import pytest

from earlybell.tables.store import tables_digest
from tests.components.extract import bad_input
from tests.components.extract.bad_input import CASES, COMMANDS, Answer, Case

_ERROR = re.compile(r".+: (['\"{]).+(['\"}])\. [A-Z].+\.$")  # the thing, the value and the way out
_ANSWERS: dict[str, Answer] = {}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_source_refuses_what_is_bad_or_sets_it_aside(case: Case, tmp_path: Path) -> None:
    out = tmp_path / "out" / "tables"
    before = bad_input.good_tables(out)
    answered = _ANSWERS[case.name] = bad_input.answer(case, tmp_path, out)
    assert [path.name for path in out.parent.iterdir()] == ["tables"]
    if answered.code:
        assert answered.code == 3
        assert _ERROR.fullmatch(answered.text)
        assert tables_digest(out) == before
    else:
        assert bad_input.lost(case, tmp_path, out) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_cannot_go_on_says_so_and_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    answered = _ANSWERS[name] = COMMANDS[name](tmp_path, tmp_path / "out" / "OUT")
    code = {"full disk": 2, "Ctrl-C half-way": 130}.get(name.split(", ")[1], 4)
    assert answered.code == code
    assert "Traceback" not in answered.text
    assert code == 130 or _ERROR.fullmatch(answered.text)


def test_the_documents_say_what_is_answered() -> None:
    if _ANSWERS.keys() != {*(case.name for case in CASES), *COMMANDS}:
        pytest.skip("not all cases were run before")
    written = bad_input.rendered(_ANSWERS)
    assert bad_input.documented() == written, "write it anew: .venv/bin/python -m tests.components.extract.bad_input"
