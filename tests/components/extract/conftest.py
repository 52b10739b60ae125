"""Small sources that the tests write themselves, and a way to look at what extraction made of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from earlybell.tables import attach

KEY = "a key for tests only"

OULAD_TEXTS = {
    "courses": """code_module,code_presentation,module_presentation_length
AAA,2013J,268
AAA,2014B,240
""",
    "studentInfo": """\
code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,num_of_prev_attempts,\
studied_credits,disability,final_result
AAA,2013J,7700001,F,Wales,A Level,?,0-35,0,60,N,Fail
AAA,2013J,7700002,M,Scotland,HE Qualification,20-30%,35-55,1,60,Y,Withdrawn
AAA,2013J,7700003,M,Scotland,HE Qualification,,35-55,0,60,N,Withdrawn
AAA,2014B,7700001,F,London Region,A Level,90-100%,35-55,1,60,N,Distinction
""",
    "studentRegistration": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,7700001,-30.0,
AAA,2013J,7700002,-3,12.0
AAA,2013J,7700003,?,
AAA,2014B,7700001,-10,?
""",
    "assessments": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,1752,TMA,19.0,10.0
AAA,2013J,1753,CMA,54,90
AAA,2013J,1757,Exam,,100
AAA,2014B,1760,TMA,20,100
""",
    "studentAssessment": """id_assessment,id_student,date_submitted,is_banked,score
1752,7700001,18,0,78.5
1753,7700001,54,0,60
1753,7700002,10,0,
1760,7700001,-1,1,80
""",
    "vle": """id_site,code_module,code_presentation,activity_type,week_from,week_to
10,AAA,2013J,homepage,,
11,AAA,2013J,forumng,1,2
12,AAA,2013J,oucontent,,
13,AAA,2014B,newthing,,
""",
    "studentVle": """code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,7700001,10,0,3
AAA,2013J,7700001,11,-1,2
AAA,2013J,7700001,11,-1,2
AAA,2013J,7700002,12,5,1
AAA,2014B,7700001,13,0,4
""",
}

Rows = list[tuple[Any, ...]]
WriteOulad = Callable[..., Path]
WriteTables = Callable[..., Path]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]


@pytest.fixture(scope="session")
def key() -> str:
    return KEY


@pytest.fixture(scope="session")
def oulad_texts() -> dict[str, str]:
    return dict(OULAD_TEXTS)


@pytest.fixture
def small_oulad(tmp_path: Path) -> WriteOulad:
    """Writes a small folder in OULAD's format; an argument replaces a file's text, or leaves the file out (None)."""

    def write(name: str = "oulad", **texts: str | None) -> Path:
        return write_texts(tmp_path / name, OULAD_TEXTS | texts)

    return write


@pytest.fixture
def tables_folder(tmp_path: Path) -> WriteTables:
    """Writes a folder of canonical tables as CSV: an argument a file, with `__` in its name for `/`."""

    def write(name: str, **texts: str | None) -> Path:
        return write_texts(tmp_path / name, texts)

    return write


@pytest.fixture(scope="session")
def query() -> Query:
    """Runs a query over a folder of canonical tables."""

    def run(folder: Path, sql: str) -> Rows:
        with duckdb.connect() as connection:
            attach(connection, folder)
            return connection.execute(sql).fetchall()

    return run


@pytest.fixture(scope="session")
def quarantine() -> Quarantine:
    """The rows of a folder's quarantine: name of the file, row, column, value, reason."""

    def read(folder: Path) -> Rows:
        with duckdb.connect() as connection:
            rows = connection.execute(f"FROM read_csv('{folder}/quarantine.csv', all_varchar = true)").fetchall()
        return [(file.rsplit("/", 1)[1], int(row), *rest) for file, row, *rest in rows]

    return read


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What extraction makes of the small folder in OULAD's format, with ids kept."""
    folder = tmp_path_factory.mktemp("small")
    extract([f"oulad:{write_texts(folder / 'oulad', OULAD_TEXTS)}"], folder / "out", key=None, ids="keep")
    return folder / "out"


def write_texts(folder: Path, texts: Mapping[str, str | None]) -> Path:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8", newline="")
    return folder
