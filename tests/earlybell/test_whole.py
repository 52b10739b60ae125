"""What is written whole: at its end it is there with all it has, and before it, or after a fault, what was there is."""

from pathlib import Path

import pytest

from earlybell.whole import written_whole


def test_a_file_takes_the_place_of_the_one_before_it_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "risks.csv"
    out.write_text("before")
    with written_whole(out) as part:
        part.write_text("after")
        assert out.read_text() == "before"
        assert part.parent.parent == tmp_path  # of one disk: taking its place is one step
    assert out.read_text() == "after"
    assert list(tmp_path.iterdir()) == [out]


def _half_written(out: Path, fault: type[BaseException]) -> None:
    with written_whole(out) as part:
        part.mkdir()
        (part / "model.onnx").write_text("half")
        raise fault


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_after_a_fault_what_was_there_is_there_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    out = tmp_path / "bundle"
    out.write_text("before")
    with pytest.raises(fault):
        _half_written(out, fault)
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_and_the_folders_above_it_are_made(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "bundle"
    with written_whole(out) as part:
        part.mkdir()
        (part / "model.onnx").write_text("whole")
    assert (out / "model.onnx").read_text() == "whole"
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]


def test_a_folder_takes_the_place_of_an_empty_one_and_of_no_other(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    with written_whole(out) as part:
        part.mkdir()
        (part / "first").touch()
    with pytest.raises(OSError, match="not empty"), written_whole(out) as part:
        part.mkdir()
    assert [path.name for path in out.iterdir()] == ["first"]


def test_what_was_never_written_is_an_error_and_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "risks.csv"
    out.write_text("before")
    with pytest.raises(FileNotFoundError), written_whole(out):
        pass
    assert out.read_text() == "before"


def test_a_name_as_long_as_a_file_system_takes_is_written(tmp_path: Path) -> None:
    out = tmp_path / ("x" * 255)
    with written_whole(out) as part:
        part.touch()
    assert out.exists()
