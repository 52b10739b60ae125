"""What other programs write, understood: words for unknown, ids by way of floating point, encodings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from earlybell.errors import SourceError
from earlybell.tables import read_facts
from earlybell.tables.pseudonyms import pseudonym
from tests.components.extract.bad_input import TABLES_TEXTS
from tests.components.extract.conftest import OULAD_TEXTS, write_texts

Rows = list[tuple[Any, ...]]
Query = Callable[[Path, str], Rows]
KEY = "a key for tests only"


def _digest(folder: Path, texts: dict[str, str]) -> object:
    return _extracted(folder, texts)["digest"]


def _extracted(folder: Path, texts: dict[str, str], kind: str = "oulad") -> dict[str, Any]:
    return extract([f"{kind}:{write_texts(folder / 'in', texts)}"], folder / "out", key=None, ids="keep")


def _unknown_as(word: str) -> dict[str, str]:
    """The small OULAD with each value that is empty or ? written as a word."""
    return {
        name: "".join(
            ",".join(word if value in ("", "?") else value for value in line.split(",")) + "\n"
            for line in text.splitlines()
        )
        for name, text in OULAD_TEXTS.items()
    }


@pytest.mark.parametrize("word", ["NA", "NULL", "nan", "NaN", "\\N", "<NA>", "N/A", " NA ", "null"])
def test_a_word_for_unknown_is_understood_in_every_file(word: str, extracted: Path, tmp_path: Path) -> None:
    facts = _extracted(tmp_path, _unknown_as(word))
    assert facts["digest"] == read_facts(extracted)["digest"]
    assert any(f"date_unregistration read as empty, as unknown: {word.strip()!r}" in note for note in facts["notes"])


@pytest.mark.parametrize("delimiter", [";", "\t"], ids=["semicolons", "tabs"])
def test_fields_may_be_apart_as_where_a_comma_is_in_numbers(delimiter: str, extracted: Path, tmp_path: Path) -> None:
    written = {name: text.replace(",", delimiter).replace(".", ",") for name, text in OULAD_TEXTS.items()}
    assert _digest(tmp_path, written) == read_facts(extracted)["digest"]


def test_an_id_and_a_region_may_be_called_as_unknown_is(tmp_path: Path, query: Query) -> None:
    texts = {name: text.replace("anna0", "NA").replace("Wales", "NA") for name, text in TABLES_TEXTS.items()}
    texts["learners"] = texts["learners"].replace("NA,F,,", "NA,NA,NULL,")
    _extracted(tmp_path, texts, "tables")
    rows = query(tmp_path / "out", "SELECT gender, age, region FROM learners WHERE learner_id = 'NA'")
    assert rows == [(None, None, "NA")]


def test_no_word_for_unknown_stays_in_a_column_of_times_that_must_be_there(tmp_path: Path) -> None:
    texts = TABLES_TEXTS | {"enrolments": TABLES_TEXTS["enrolments"].replace("c1,anna0,2024-01-01", "c1,anna0,NaT")}
    with pytest.raises(SourceError, match="enrolled_at missing"):
        _extracted(tmp_path, texts, "tables")


FILES_WITH_STUDENTS = ("studentInfo", "studentRegistration", "studentAssessment", "studentVle")


@pytest.mark.parametrize("name", FILES_WITH_STUDENTS)
def test_ids_that_went_by_way_of_floating_point_are_the_ids_that_they_were(
    name: str, extracted: Path, tmp_path: Path
) -> None:
    text = OULAD_TEXTS[name]
    for learner in ("7700001", "7700002", "7700003"):
        text = text.replace(learner, f"{learner}.0")
    facts = _extracted(tmp_path, OULAD_TEXTS | {name: text})
    assert facts["digest"] == read_facts(extracted)["digest"]
    assert any(f"{name}.csv" in note and "id_student written as 1.0" in note for note in facts["notes"])


def test_ids_written_in_both_ways_in_one_column_or_with_spaces_are_one(extracted: Path, tmp_path: Path) -> None:
    text = OULAD_TEXTS["studentVle"].replace("7700001,11", "7700001.0,11").replace("7700002", " 7700002 ")
    assert _digest(tmp_path, OULAD_TEXTS | {"studentVle": text}) == read_facts(extracted)["digest"]


def test_ids_that_are_numbers_in_parquet_are_the_ids_that_they_were(extracted: Path, tmp_path: Path) -> None:
    folder = write_texts(tmp_path / "in", OULAD_TEXTS)
    with duckdb.connect() as connection:
        columns = "id_student::DOUBLE AS id_student, id_site::DOUBLE AS id_site, date::DOUBLE AS date"
        rows = f"SELECT * REPLACE ({columns}) FROM '{folder}/studentVle.csv'"
        connection.execute(f"COPY ({rows}) TO '{folder}/studentVle.parquet'")
        scores = "CASE WHEN score IS NULL THEN 'nan'::DOUBLE ELSE score::DOUBLE END AS score"
        rows = f"SELECT * REPLACE ({scores}) FROM '{folder}/studentAssessment.csv'"
        connection.execute(f"COPY ({rows}) TO '{folder}/studentAssessment.parquet'")
    (folder / "studentVle.csv").unlink()
    (folder / "studentAssessment.csv").unlink()
    facts = extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")
    assert facts["digest"] == read_facts(extracted)["digest"]


def test_an_id_with_a_point_that_means_something_stays(tmp_path: Path, query: Query) -> None:
    texts = {name: text.replace("anna0", "1.0").replace("anna1", "1.5") for name, text in TABLES_TEXTS.items()}
    _extracted(tmp_path, texts, "tables")
    assert ("1.0",) in query(tmp_path / "out", "SELECT learner_id FROM enrolments")


def test_an_error_about_ids_shows_what_they_look_like_on_both_sides_and_no_id(tmp_path: Path) -> None:
    texts = OULAD_TEXTS | {"studentAssessment": OULAD_TEXTS["studentAssessment"].replace(",77000", ",s-77000")}
    with pytest.raises(SourceError) as error:
        extract([f"oulad:{write_texts(tmp_path / 'in', texts)}"], tmp_path / "out", key=KEY)
    message = str(error.value)
    assert f"{pseudonym(KEY, 's-7700001')} (x-9999999) not found together in studentInfo" in message
    assert "studentInfo has id_student as '9999999'" in message
    assert "7700001" not in message
    assert "max-bad-share" not in message


def test_a_pseudonymous_table_shows_the_shape_of_ids_when_sources_are_merged(tmp_path: Path) -> None:
    texts = dict(TABLES_TEXTS) | {"submissions": TABLES_TEXTS["submissions"].replace("anna", "anna-")}
    with pytest.raises(SourceError) as error:
        extract([f"tables:{write_texts(tmp_path / 'in', texts)}"], tmp_path / "out", key=KEY)
    assert "(xxxx-9) not found together in enrolments" in str(error.value)
    assert "enrolments has learner_id as 'xxxx9'" in str(error.value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le-with-mark", "utf-8-sig"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
def test_a_file_in_another_encoding_is_read_and_said(
    encoding: str, compressed: bool, tmp_path: Path, query: Query
) -> None:
    folder = write_texts(tmp_path / "in", OULAD_TEXTS)
    text = OULAD_TEXTS["studentInfo"].replace("London", "Lóndon – ’s" if encoding == "cp1252" else "Lóndon")
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-with-mark" else text.encode(encoding)
    _put(folder / "studentInfo.csv", data, compressed=compressed)
    facts = extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")
    (region,) = query(tmp_path / "out", "SELECT region FROM learners WHERE learner_id = '7700001'")
    assert region[0].startswith("Lóndon")
    assert "�" not in region[0]
    expected = {"utf-16": "it is UTF-16", "utf-8-sig": None}.get(
        encoding.removesuffix("-le-with-mark"), "read as Windows-1252"
    )
    assert expected is None or any(expected in note for note in facts["notes"])


def _put(path: Path, data: bytes, *, compressed: bool) -> None:
    if compressed:
        import gzip

        path.unlink()
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


def test_a_byte_that_is_not_utf_8_in_a_name_is_replaced_and_counted(tmp_path: Path, query: Query) -> None:
    folder = write_texts(tmp_path / "in", OULAD_TEXTS)
    text = OULAD_TEXTS["studentInfo"].replace("Wales", "Wäles").replace("London", "Lóndon").encode()
    (folder / "studentInfo.csv").write_bytes(text.replace("Lóndon".encode(), b"L\xf3ndon"))
    facts = extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")
    assert query(tmp_path / "out", "SELECT region FROM learners WHERE learner_id = '7700001'") == [("L�ndon Region",)]
    assert facts["rows"]["enrolments"] == 4
    assert any("studentInfo.csv: 1 character not in UTF-8; each was read as �" in note for note in facts["notes"])


@pytest.mark.parametrize("data", [b"an\xf1a0", "añ".encode() + b"a\xf1"], ids=["Latin-1", "UTF-8 with a slip"])
def test_an_id_whose_letters_had_to_be_guessed_ends_the_run(data: bytes, tmp_path: Path) -> None:
    folder = write_texts(tmp_path / "in", TABLES_TEXTS)
    text = TABLES_TEXTS["enrolments"].encode().replace(b"anna0", data)
    (folder / "enrolments.csv").write_bytes(text)
    with pytest.raises(SourceError, match="has ids that are not ASCII.*CSV UTF-8"):
        extract([f"tables:{folder}"], tmp_path / "out", key=None, ids="keep", max_bad_share=0.9)


def test_what_earlybell_wrote_is_taken_at_its_word(tmp_path: Path) -> None:
    texts = {name: text.replace("anna0", "1.0").replace("Wales", "NULL2") for name, text in TABLES_TEXTS.items()}
    first = _extracted(tmp_path, texts, "tables")
    again = extract([f"tables:{tmp_path / 'out'}"], tmp_path / "again", key=None, ids="keep")
    assert again["digest"] == first["digest"]
    assert again["notes"] == first["notes"]
