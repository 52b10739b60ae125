"""A sync by the plugin's web services: recorded of one Moodle twice, with an act more and one less in between."""

from pathlib import Path

import pytest

from components.extract import extract
from components.extract.differences import Difference
from components.extract.moodle_db import log_store
from components.extract.moodle_web.address import TOKEN
from components.extract.sync import Synced, sync
from earlybell.errors import SettingError, SourceError
from earlybell.tables import checked_facts
from tests.components.extract.moodle_web.recorded import Moodle, playing

KEY = "0123456789abcdef0123456789abcdef"
OPTIONS = "match=^WAYS&code=shortname:^([A-Z0-9]+)&pass_mark=40%&rate=100"
BLOCK = 100  # ids, as it was recorded
LOG = "logstore_standard_log"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a-token-of-tests")
    monkeypatch.setattr(log_store, "BLOCK", BLOCK)


def synced(moodle: Moodle, out: Path) -> Synced:
    return sync(f"moodle-web:{moodle.address}?{OPTIONS}", out, key=KEY)


def blocks_read(moodle: Moodle) -> list[int]:
    """The first ids of the blocks whose rows were asked for."""
    return [int(form["afterid"]) + 1 for form in moodle.asked if form.get("table") == LOG]


def test_of_the_log_only_blocks_that_have_changed_are_asked_for(tmp_path: Path) -> None:
    with playing("sync") as moodle:
        first = synced(moodle, out := tmp_path / "tables")
        assert (first.because, first.questions) == ("the folder is new", len(moodle.asked))
        blocks = blocks_read(moodle)
        assert len(blocks) > 5
        assert all(start % BLOCK == 0 for start in blocks)
        again = synced(moodle, out)
        assert (again.differences, again.log_rows, blocks_read(moodle)) == ({}, 0, blocks)
    with playing("later") as moodle:
        later = synced(moodle, out)
        assert later.differences == {"events": Difference(new=1, gone=1)}
        # One block has lost a row. The new one is in the last, as Moodle logs each call; and so those after it are new.
        assert len([start for start in blocks_read(moodle) if start < blocks[-1]]) == 1
        assert later.log_rows < first.log_rows / 2
        assert later.rows_read == first.rows_read - first.log_rows + later.log_rows


def test_the_tables_are_those_of_an_extraction(tmp_path: Path) -> None:
    with playing("sync") as moodle:
        synced(moodle, out := tmp_path / "tables")
        fresh = extract([f"moodle-web:{moodle.address}?{OPTIONS}"], tmp_path / "fresh", key=KEY)
    assert checked_facts(out)["digest"] == fresh["digest"]


def test_without_the_plugin_a_sync_is_refused_and_so_is_what_is_no_moodle(tmp_path: Path) -> None:
    with playing("core") as moodle, pytest.raises(SourceError, match="cannot be followed without the plugin"):
        synced(moodle, tmp_path / "tables")
    with pytest.raises(SettingError, match="follows a Moodle, and nothing else"):
        sync("simulate:", tmp_path / "tables", key=KEY)
    assert not (tmp_path / "tables").exists()
