"""The home folder is where EARLYBELL_HOME says, and nothing else decides."""

from pathlib import Path

import pytest

from earlybell.home import home_folder


@pytest.mark.parametrize(
    ("variable", "expected"), [(None, ".earlybell"), ("", ".earlybell"), ("site", "site"), ("/srv/a b", "/srv/a b")]
)
def test_it_is_the_variables_or_earlybells_own(
    variable: str | None, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EARLYBELL_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("EARLYBELL_HOME", variable)
    assert home_folder() == Path(expected)
    assert list(tmp_path.iterdir()) == []
