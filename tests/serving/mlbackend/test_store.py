"""What is on the disk, and what a failed write leaves."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.mlbackend.dataset import read_labelled
from serving.mlbackend.store import Store
from tests.serving.mlbackend.moodle import DIRHASH, UNIQUEID, course, labelled

ROWS = read_labelled(io.BytesIO(labelled(course(4, 0.5, seed=1))))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def test_each_folder_that_was_made_for_a_file_is_on_the_disk(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))
    store.model(UNIQUEID, DIRHASH).add(ROWS, 100)
    top = tmp_path / "store"
    model = top / "models" / UNIQUEID
    assert synced[0].name == "000001.parquet"
    assert set(synced[1:]) == {top, top / "models", model, model / DIRHASH, model / DIRHASH / "rows"}


def test_a_write_that_fails_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.model(UNIQUEID, DIRHASH).publish(tmp_path / "no model")
    assert not list((tmp_path / "store/scratch").iterdir())
