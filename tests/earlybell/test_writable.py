"""Places to write, asked before there is anything to write."""

from pathlib import Path

import pytest

from earlybell.errors import SettingError
from earlybell.writable import check_file, check_folder, check_new_folder

_CHECKS = {"file": check_file, "folder": check_folder, "new folder": check_new_folder}


@pytest.mark.parametrize("kind", _CHECKS)
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("plain/below", "Not a directory"),
        ("plain/far/below", "Not a directory"),
        ("/proc/nothing", "No such file or directory"),
        ("/proc/nothing/below", "No such file or directory"),
        ("x" * 300, "File name too long"),
        (f"new/{'x' * 300}/below", "File name too long"),
    ],
    ids=["below a file", "far below a file", "/proc", "below /proc", "long name", "long name far below"],
)
def test_where_nothing_can_be_made_the_path_and_the_reason_are_named(
    tmp_path: Path, kind: str, place: str, reason: str
) -> None:
    (tmp_path / "plain").touch()
    path = tmp_path / place
    with pytest.raises(SettingError) as refused:
        _CHECKS[kind](path, "--out")
    assert refused.value.thing == "--out cannot be written"
    assert refused.value.value == str(path)
    assert refused.value.way_out.startswith(reason)
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


@pytest.mark.parametrize("kind", _CHECKS)
def test_a_place_that_can_be_made_is_not_made_yet(tmp_path: Path, kind: str) -> None:
    _CHECKS[kind](tmp_path / "some" / "where" / "it's new", "--out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    check_file(tmp_path / "plain", "--out")
    check_folder(tmp_path, "OUT")
    with pytest.raises(SettingError, match=r"--out cannot be written: .* It is a folder"):
        check_file(tmp_path, "--out")
    with pytest.raises(SettingError, match=r"--out cannot be written: '/dev/null'. It is no plain file"):
        check_file(Path("/dev/null"), "--out")
    with pytest.raises(SettingError, match=r"OUT cannot be written: .* It is a file"):
        check_folder(tmp_path / "plain", "OUT")
    with pytest.raises(SettingError, match="OUT is there already"):
        check_new_folder(tmp_path / "plain", "OUT")
    with pytest.raises(SettingError, match="OUT is not empty"):
        check_folder(tmp_path, "OUT", empty=True)
