"""Extraction as a whole: its settings, what it keeps to itself, and what it leaves of an earlier run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.extract import extract
from earlybell.errors import EarlybellError, SettingError, SourceError
from earlybell.tables import read_facts
from earlybell.tables.pseudonyms import fingerprint, pseudonym

WriteOulad = Callable[..., Path]
Query = Callable[[Path, str], list[tuple[Any, ...]]]

LEARNERS = ("7700001", "7700002", "7700003", "7799999")


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("elsewhere:x", "oulad:DIR .*; simulate:SETTINGS .*; survey:DIR .*; tables:DIR "),
        ("oulad", "KIND:PLACE"),
        ("", "KIND:PLACE"),
    ],
    ids=["unknown kind", "no place", "nothing"],
)
def test_a_source_of_no_known_kind_is_an_error_that_names_the_kinds(source: str, part: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=part):
        extract([source], tmp_path / "out", key=None)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_between_0_and_1(share: float, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="share"):
        extract(["oulad:x"], tmp_path / "out", key=None, max_bad_share=share)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(SourceError, match="is not there"):
        extract([f"oulad:{tmp_path / 'nowhere'}"], tmp_path / "out", key=key)


@pytest.mark.parametrize("bad", [None, "short"], ids=["no key", "short key"])
def test_raw_ids_need_a_key_before_anything_is_read(small_oulad: WriteOulad, tmp_path: Path, bad: str | None) -> None:
    with pytest.raises(SettingError, match="EARLYBELL_PSEUDONYM_KEY"):
        extract([f"oulad:{small_oulad(vle='')}"], tmp_path / "out", key=bad)


def test_no_raw_id_and_no_key_is_in_any_file_or_message(
    small_oulad: WriteOulad, oulad_texts: dict[str, str], tmp_path: Path, key: str, query: Query
) -> None:
    texts = dict(oulad_texts)
    texts["studentVle"] += (
        "AAA,2013J,7799999,10,5,1\nAAA,2013J,7700001,10,5,0\nAAA,2013J,7700002\nAAA,2013J,7700001,10,7700003,1\n"
    )
    source, out = f"oulad:{small_oulad(**texts)}", tmp_path / "out"
    extract([source], out, key=key, max_bad_share=0.5)
    written = b"".join(path.read_bytes() for path in out.iterdir())
    assert [secret for secret in (*LEARNERS, key) if secret.encode() in written] == []
    assert pseudonym(key, "7799999").encode() in written
    learners = query(out, "SELECT learner_id FROM learners")
    assert set(learners) == {(pseudonym(key, learner),) for learner in LEARNERS[:3]}
    with pytest.raises(SourceError) as error:
        extract([source], tmp_path / "again", key=key, max_bad_share=0)
    assert [learner for learner in LEARNERS if learner in str(error.value)] == []


def test_tables_say_by_which_key_their_pseudonyms_are_and_not_the_key(
    small_oulad: WriteOulad, tmp_path: Path, key: str
) -> None:
    source, out = f"oulad:{small_oulad()}", tmp_path / "out"
    assert extract([source], out, key=key)["key"] == fingerprint(key)
    assert key not in (out / "tables.json").read_text()
    assert extract([source], tmp_path / "raw", key=key, ids="keep")["key"] is None
    assert extract([f"tables:{out}"], tmp_path / "again", key=None)["key"] == fingerprint(key)


def test_pseudonyms_of_two_keys_are_not_merged(small_oulad: WriteOulad, tmp_path: Path, key: str) -> None:
    sources = []
    for name in (key, f"{key}, and another"):
        sources.append(f"tables:{tmp_path / name}")
        extract([f"oulad:{small_oulad()}"], tmp_path / name, key=name)
    for secret in (None, key):
        with pytest.raises(SettingError, match="keys for pseudonyms differ") as error:
            extract(sources, tmp_path / "out", key=secret)
        assert fingerprint(key) in str(error.value)
        assert fingerprint(f"{key}, and another") in str(error.value)


def test_tables_of_another_key_than_the_one_that_is_set_are_refused(
    small_oulad: WriteOulad, tmp_path: Path, key: str
) -> None:
    extract([f"oulad:{small_oulad()}"], tmp_path / "tables", key=key)
    with pytest.raises(SettingError, match="EARLYBELL_PSEUDONYM_KEY has"):
        extract([f"tables:{tmp_path / 'tables'}"], tmp_path / "out", key="quite another key")


def test_tables_that_do_not_say_their_key_pass_with_a_note(small_oulad: WriteOulad, tmp_path: Path, key: str) -> None:
    facts = extract([f"oulad:{small_oulad()}"], tmp_path / "tables", key=key)
    del facts["key"]
    (tmp_path / "tables" / "tables.json").write_text(json.dumps(facts))
    notes = extract([f"tables:{tmp_path / 'tables'}"], tmp_path / "out", key="quite another key")["notes"]
    assert any("does not say with which key" in note for note in notes)


def test_tables_that_have_changed_since_they_were_extracted_are_refused(
    small_oulad: WriteOulad, tmp_path: Path, key: str
) -> None:
    extract([f"oulad:{small_oulad()}"], tmp_path / "tables", key=key)
    (tmp_path / "tables" / "outcomes.parquet").unlink()
    with pytest.raises(SourceError, match="not as they were when they were written.*earlybell extract"):
        extract([f"tables:{tmp_path / 'tables'}"], tmp_path / "out", key=key)


def test_nothing_of_the_workspace_stays(extracted: Path) -> None:
    assert {path.name for path in extracted.parent.iterdir()} == {"oulad", "out"}


def test_a_run_that_fails_leaves_what_was_there(small_oulad: WriteOulad, extracted: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = extract([f"tables:{extracted}"], out, key=None, ids="keep")
    with pytest.raises(EarlybellError):
        extract([f"oulad:{small_oulad(vle='')}"], out, key=None, ids="keep")
    assert read_facts(out) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["oulad", "out"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingError, match="not a folder of tables"):
        extract(["oulad:x"], tmp_path, key=None, ids="keep")


def test_a_simulated_site_goes_the_way_of_tables(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = extract(["simulate:learners=40,weeks=8,events=60,courses=1,runs=1"], tmp_path / "out", key=key)
    assert facts["ids"] == "pseudonymous"
    assert facts["rows"]["enrolments"] == 40
    assert facts["quarantine"] == []
    assert facts["sources"][0].startswith("simulate:")
    assert "extract: events" in capsys.readouterr().err
