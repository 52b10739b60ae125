"""The source `oulad:DIR`: the Open University Learning Analytics Dataset, any of its course runs.

Kuzilek, Hlosta, Zdrahal: Open University Learning Analytics dataset, Scientific Data 4:170171 (2017).
The files keep the data set's own names and columns, each as `.csv`, `.csv.gz` or `.parquet`.
"""

from pathlib import Path

from components.extract.reading import Origin, find
from components.extract.sifting import read_sifted
from components.extract.staging import Extracted, Relation, Staging
from earlybell.errors import SourceError
from earlybell.tables.schema import Column, Reference, Table

TUTOR_MARKED_DAYS = 14  # from submission to the score, for TMA and Exam: the data set has no time of grading
COMPUTER_MARKED_DAYS = 1  # the same for CMA
MAX_SCORE = 100
_START_MONTHS = {"B": 2, "J": 10}  # a presentation 2013B starts on 1 February 2013

_KINDS = {"TMA": "assignment", "CMA": "quiz", "Exam": "exam"}
_RESULTS = ("Pass", "Distinction", "Fail", "Withdrawn")
# The Open University's activity types in Moodle's words. Its own plugins stand with the core one nearest to them.
_COMPONENTS = {
    "dataplus": "mod_data",
    "dualpane": "mod_page",
    "externalquiz": "mod_quiz",
    "folder": "mod_folder",
    "forumng": "mod_forum",
    "glossary": "mod_glossary",
    "homepage": "core",
    "htmlactivity": "mod_page",
    "oucollaborate": "mod_bigbluebuttonbn",
    "oucontent": "mod_book",
    "ouelluminate": "mod_bigbluebuttonbn",
    "ouwiki": "mod_wiki",
    "page": "mod_page",
    "questionnaire": "mod_questionnaire",
    "quiz": "mod_quiz",
    "repeatactivity": "mod_page",
    "resource": "mod_resource",
    "sharedsubpage": "mod_page",
    "subpage": "mod_page",
    "url": "mod_url",
}

_RUN = ("code_module", "code_presentation")
_IN_RUN = Reference(_RUN, "courses")
_REGISTERED = Reference((*_RUN, "id_student"), "studentInfo")


def _run() -> tuple[Column, Column]:
    presentation = "year and B (February) or J (October)"
    return (
        Column("code_module", "string", "course"),
        Column("code_presentation", "string", presentation, pattern=f"[0-9]{{4}}[{''.join(_START_MONTHS)}]"),
    )


def _student() -> Column:
    return Column("id_student", "string", "learner")


def _day(name: str, *, nullable: bool = False) -> Column:
    return Column(name, "integer", "days since the run's start", nullable, minimum=-1000, maximum=1000)


def _unknown(name: str) -> Column:
    return Column(name, "string", name, nullable=True)


RAW_TABLES = (
    Table(
        "courses",
        "course runs",
        (*_run(), Column("module_presentation_length", "integer", "days", minimum=1, maximum=1000)),
        key=_RUN,
    ),
    Table(
        "studentInfo",
        "who takes which course run, with what result",
        (
            *_run(),
            _student(),
            *map(_unknown, ("gender", "region", "highest_education", "imd_band", "age_band")),
            Column("num_of_prev_attempts", "integer", "earlier attempts", minimum=0),
            _unknown("disability"),
            Column("final_result", "string", "result", choices=_RESULTS),
        ),
        key=(*_RUN, "id_student"),
        references=(_IN_RUN,),
    ),
    Table(
        "studentRegistration",
        "when they came and left",
        (*_run(), _student(), _day("date_registration", nullable=True), _day("date_unregistration", nullable=True)),
        key=(*_RUN, "id_student"),
        references=(_REGISTERED,),
    ),
    Table(
        "assessments",
        "work that a course run asks for",
        (
            *_run(),
            Column("id_assessment", "string", "assessment"),
            Column("assessment_type", "string", "type", choices=tuple(_KINDS)),
            _day("date", nullable=True),
            Column("weight", "number", "percent", nullable=True, minimum=0, maximum=100),
        ),
        key=("id_assessment",),
        references=(_IN_RUN,),
    ),
    Table(
        "studentAssessment",
        "work handed in",
        (
            Column("id_assessment", "string", "assessment", references="assessments.id_assessment"),
            _student(),
            _day("date_submitted"),
            Column("is_banked", "integer", "1: from an earlier run", minimum=0, maximum=1),
            Column("score", "number", "score", nullable=True, minimum=0, maximum=MAX_SCORE),
        ),
        key=("id_assessment", "id_student"),
        references=(
            Reference(("assessments.code_module", "assessments.code_presentation", "id_student"), "studentInfo"),
        ),
    ),
    Table(
        "vle",
        "the sites of a course run",
        (Column("id_site", "string", "site"), *_run(), Column("activity_type", "string", "type")),
        key=("id_site", *_RUN),
        references=(_IN_RUN,),
    ),
    Table(
        "studentVle",
        "clicks of a learner on a site in a day; rows may repeat",
        (
            *_run(),
            _student(),
            Column("id_site", "string", "site"),
            _day("date"),
            Column("sum_click", "integer", "clicks", minimum=1),
        ),
        references=(_REGISTERED, Reference(("id_site", *_RUN), "vle")),
    ),
)


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read the data set's files in the folder `place` as canonical tables.

    Raises:
        SourceError: a file is missing or cannot be read, or too large a share of its rows is bad.
        SettingError: ids are to be pseudonymous, and there is no usable key.
    """
    folder = Path(place)
    if missing := [table.name for table in RAW_TABLES if not find(folder, table)]:
        raise SourceError(
            f"{source} lacks files of OULAD", ", ".join(missing), f"It has {_names()}: .csv, .csv.gz or .parquet."
        )
    origin = Origin(source, folder, nulls=("", "?"))
    raw = read_sifted(staging, origin, RAW_TABLES, learner="id_student", hashed=True, linked=True)
    views = {name: relation.name for name, relation in raw.items()}
    prefix = views["courses"].removesuffix("courses")
    _create_views(staging, prefix, views)
    _note(staging, source, prefix, views)
    relations = {name: Relation(f"{prefix}{name}_mapped", 1) for name in _MAPPINGS}
    return Extracted(source, relations, pseudonymous=staging.ids == "pseudonymous")


def _names() -> str:
    return ", ".join(table.name for table in RAW_TABLES)


def _cases(value: str, words: dict[str, str], otherwise: str) -> str:
    return f"CASE {value} {' '.join(f"WHEN '{k}' THEN '{v}'" for k, v in words.items())} ELSE {otherwise} END"
