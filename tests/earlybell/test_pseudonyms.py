"""Pseudonyms and the key that makes them."""

import json
from pathlib import Path
from typing import Any

import pytest

import earlybell.tables.pseudonyms as module
from earlybell.errors import SettingError
from earlybell.tables.pseudonyms import (
    FINGERPRINTED,
    KEY_VARIABLE,
    check_same_key,
    fingerprint,
    key_from_environment,
    pseudonym,
    usable_key,
)

SHARED = json.loads((Path(module.__file__).parent / "pseudonyms.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", SHARED["vectors"], ids=lambda vector: vector["learner_id"] or "empty")
def test_the_vectors_that_every_client_shares_hold(vector: dict[str, Any]) -> None:
    assert pseudonym(vector["key"], vector["learner_id"]) == vector["pseudonym"]


def test_the_vectors_have_ids_and_keys_beyond_ascii() -> None:
    assert any(not vector["learner_id"].isascii() for vector in SHARED["vectors"])
    assert any(not vector["key"].isascii() for vector in SHARED["vectors"])


def test_another_key_gives_another_pseudonym() -> None:
    assert pseudonym("a key of sixteen", "7") != pseudonym("b key of sixteen", "7")


@pytest.mark.parametrize("vector", SHARED["fingerprints"], ids=lambda vector: vector["fingerprint"])
def test_the_fingerprints_that_every_client_shares_hold(vector: dict[str, str]) -> None:
    assert fingerprint(vector["key"]) == vector["fingerprint"]
    assert pseudonym(vector["key"], FINGERPRINTED).startswith(vector["fingerprint"])
    assert FINGERPRINTED in SHARED["fingerprint"]


def test_keys_of_tables_are_compared_by_their_fingerprints_and_an_unknown_one_is_no_reason_to_refuse() -> None:
    check_same_key({"a": "1f", "b": "1f", "c": None})
    with pytest.raises(SettingError, match=f"a has 1f, b has 2e.*{KEY_VARIABLE}"):
        check_same_key({"a": "1f", "b": "2e"})


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key of sixteen")
    assert key_from_environment() == "a key of sixteen"


def test_a_key_of_sixteen_characters_can_serve() -> None:
    assert usable_key("a key of sixteen") == "a key of sixteen"


@pytest.mark.parametrize(
    ("key", "problem"),
    [(None, "is missing"), ("", "is missing"), ("only fifteen ch", "is too short: '15 characters'. Set .* of 16 char")],
    ids=["unset", "empty", "short"],
)
def test_a_key_that_cannot_serve_is_refused_with_the_way_to_make_one(
    monkeypatch: pytest.MonkeyPatch, key: str | None, problem: str
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if key is not None:
        monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(SettingError, match=f"key for pseudonyms {problem}.*secrets.token_hex") as error:
        usable_key(key_from_environment())
    assert not key or key not in str(error.value)
