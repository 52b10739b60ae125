"""The files of the Open University Learning Analytics Dataset as plain data: its own names and columns."""

from earlybell.tables.schema import Column, Merge, Reference, Table

KINDS = {"TMA": "assignment", "CMA": "quiz", "Exam": "exam"}
RESULTS = ("Pass", "Distinction", "Fail", "Withdrawn")
START_MONTHS = {"B": 2, "J": 10}  # a presentation 2013B starts on 1 February 2013
MAX_SCORE = 100

_RUN = ("code_module", "code_presentation")
_LEARNER = (*_RUN, "id_student")
_LEARNER_OF_WORK = ("assessments.code_module", "assessments.code_presentation", "id_student")
_IN_RUN = Reference(_RUN, "courses")
_REGISTERED = Reference(_LEARNER, "studentInfo")


def _run() -> tuple[Column, Column]:
    presentation = "year and B (February) or J (October)"
    return (
        Column("code_module", "string", "course"),
        Column(
            "code_presentation",
            "string",
            presentation,
            pattern=f"[0-9]{{4}}[{''.join(START_MONTHS)}]",
            form=f"2013J ({presentation})",
        ),
    )


def _student() -> Column:
    return Column("id_student", "string", "learner", is_id=True)


def _day(name: str, *, nullable: bool = False, merge: Merge = "same") -> Column:
    return Column(name, "integer", "days since the run's start", nullable, minimum=-1000, maximum=1000, merge=merge)


def _unknown(name: str) -> Column:
    return Column(name, "string", name, nullable=True, bad="null", unknown=("NA",))


FILES: tuple[Table, ...] = (
    Table(
        "courses",
        "course runs",
        (*_run(), Column("module_presentation_length", "integer", "days", minimum=1, maximum=1000)),
        key=_RUN,
        bad="stop",
    ),
    Table(
        "studentInfo",
        "who takes which course run, with what result",
        (
            *_run(),
            _student(),
            *map(_unknown, ("gender", "region", "highest_education", "imd_band", "age_band")),
            Column("num_of_prev_attempts", "integer", "earlier attempts", True, minimum=0, bad="null", merge="most"),
            _unknown("disability"),
            Column("final_result", "string", "result", choices=RESULTS),
        ),
        key=_LEARNER,
        references=(_IN_RUN,),
        bad="learner",
        whose=_LEARNER,
    ),
    Table(
        "studentRegistration",
        "when they came and left",
        (
            *_run(),
            _student(),
            _day("date_registration", nullable=True, merge="earliest"),
            _day("date_unregistration", nullable=True, merge="open"),
        ),
        key=_LEARNER,
        references=(_REGISTERED,),
        bad="learner",
        whose=_LEARNER,
    ),
    Table(
        "assessments",
        "work that a course run asks for",
        (
            *_run(),
            Column("id_assessment", "string", "assessment", is_id=True),
            Column("assessment_type", "string", "type", choices=tuple(KINDS)),
            _day("date", nullable=True),
            Column("weight", "number", "percent", nullable=True, minimum=0, maximum=100),
        ),
        key=("id_assessment",),
        references=(_IN_RUN,),
        bad="stop",
    ),
    Table(
        "studentAssessment",
        "work handed in",
        (
            Column("id_assessment", "string", "assessment", references="assessments.id_assessment", is_id=True),
            _student(),
            _day("date_submitted", merge="earliest"),
            Column("is_banked", "integer", "1: from an earlier run", minimum=0, maximum=1),
            Column("score", "number", f"score, of {MAX_SCORE}", nullable=True, minimum=0, bad="null"),
        ),
        key=("id_assessment", "id_student"),
        references=(Reference(_LEARNER_OF_WORK, "studentInfo"),),
        bad="learner",
        whose=_LEARNER_OF_WORK,
    ),
    Table(
        "vle",
        "the sites of a course run",
        (Column("id_site", "string", "site", is_id=True), *_run(), Column("activity_type", "string", "type")),
        key=("id_site", *_RUN),
        references=(_IN_RUN,),
        bad="stop",
    ),
    Table(
        "studentVle",
        "clicks of a learner on a site in a day; rows may repeat",
        (
            *_run(),
            _student(),
            Column("id_site", "string", "site", is_id=True),
            _day("date"),
            Column("sum_click", "integer", "clicks", minimum=1),
        ),
        references=(_REGISTERED, Reference(("id_site", *_RUN), "vle")),
        whose=_LEARNER,
    ),
)
