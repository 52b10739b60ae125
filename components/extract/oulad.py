"""The source `oulad:DIR`: the Open University Learning Analytics Dataset, any of its course runs.

Kuzilek, Hlosta, Zdrahal: Open University Learning Analytics dataset, Scientific Data 4:170171 (2017).
The files keep the data set's own names and columns, each as `.csv`, `.csv.gz` or `.parquet`.
"""

from collections.abc import Mapping

from components.extract.addresses import split_address
from components.extract.oulad_files import FILES, KINDS, MAX_SCORE, START_MONTHS
from components.extract.reading import DELIMITERS, Origin, find, folder_of
from components.extract.sifting import read_sifted
from components.extract.staging import Extracted, Relation, Staging
from earlybell.counts import Count, counted
from earlybell.errors import SettingError, SourceError
from earlybell.tables import BY_NAME, SQL_TYPES
from earlybell.tables.schema import MOST_BAD_SHARE
from earlybell.tables.sql import quoted

TUTOR_MARKED_DAYS = 14  # from submission to the score, for TMA and Exam: the data set has no time of grading
COMPUTER_MARKED_DAYS = 1  # the same for CMA
_UNTIL = "complete_until"  # an option

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

# Every record is dated by day and known at the day's end. `{runs}` are the courses with their id and start.
_DAY_END = "starts_at + to_days({day}::INTEGER) + INTERVAL 86399 SECOND"
_RUN_ID = "code_module || '_' || code_presentation"


def _cases(value: str, words: Mapping[str, object], otherwise: str) -> str:
    whens = " ".join(f"WHEN {quoted(word)} THEN {quoted(meaning)}" for word, meaning in words.items())
    return f"CASE {value} {whens} ELSE {otherwise} END"


def _day_end(day: str) -> str:
    return _DAY_END.format(day=day)


_RUNS = f"""
SELECT *, {_RUN_ID} AS course_id, make_timestamp(
    left(code_presentation, 4)::BIGINT,
    {_cases("right(code_presentation, 1)", START_MONTHS, "NULL")}::BIGINT, 1, 0, 0, 0
) AS starts_at, starts_at + to_days(module_presentation_length::INTEGER) AS ends_at,
starts_at + to_days({{days}}::INTEGER + 1) AS complete_until
FROM {{courses}}"""

# Of each canonical table, its columns in its order, and the rows. `t` is the file that its rows are from. The data set
# has days and no times: on any clock but UTC the end of a day would be in another day.
_MAPPINGS = {
    "courses": """
SELECT t._id, t._unit, course_id, code_module AS code, starts_at, ends_at, 'daily' AS granularity,
    'UTC' AS timezone, 'sat,sun' AS weekend, NULL AS complete_from, complete_until FROM {runs} AS t""",
    "enrolments": f"""
SELECT t._id, t._unit, course_id, masked(id_student) AS learner_id,
    {_day_end("date_registration")} AS registered_at, {_day_end("date_unregistration")} AS unenrolled_at,
    coalesce(registered_at, least(starts_at, unenrolled_at)) AS enrolled_at, num_of_prev_attempts AS prior_attempts
FROM {{studentInfo}} AS t JOIN {{runs}} USING (code_module, code_presentation)
LEFT JOIN {{studentRegistration}} USING (code_module, code_presentation, id_student)""",
    "events": f"""
SELECT t._id, t._unit, course_id, masked(id_student) AS learner_id, {_day_end("date")} AS occurred_at,
    {_cases("activity_type", _COMPONENTS, "'mod_' || activity_type")} AS component, 'viewed' AS action,
    CASE activity_type WHEN 'homepage' THEN 'course' ELSE 'course_module' END AS target,
    id_site AS object_id, sum_click AS count
FROM {{studentVle}} AS t JOIN {{runs}} USING (code_module, code_presentation)
JOIN {{vle}} USING (code_module, code_presentation, id_site)""",
    "assessments": f"""
SELECT t._id, t._unit, id_assessment AS assessment_id, course_id,
    {_cases("assessment_type", KINDS, "NULL")} AS kind, 'none' AS role, {_day_end("date")} AS due_at,
    weight, {MAX_SCORE} AS max_score
FROM {{assessments}} AS t JOIN {{runs}} USING (code_module, code_presentation)""",
    "submissions": f"""
SELECT t._id, t._unit, id_assessment AS assessment_id, masked(id_student) AS learner_id,
    {_day_end("date_submitted")} AS submitted_at,
    CASE WHEN score IS NULL THEN NULL WHEN is_banked = 1 THEN submitted_at
        WHEN assessment_type = 'CMA' THEN submitted_at + to_days({COMPUTER_MARKED_DAYS})
        ELSE submitted_at + to_days({TUTOR_MARKED_DAYS}) END AS graded_at,
    1 - is_banked AS attempt, score, NULL AS duration_s
FROM {{studentAssessment}} AS t JOIN {{assessments}} USING (id_assessment)
JOIN {{runs}} USING (code_module, code_presentation)""",
    "outcomes": f"""
SELECT t._id, t._unit, course_id, masked(id_student) AS learner_id, lower(final_result) AS outcome,
    NULL AS final_score,
    CASE final_result WHEN 'Withdrawn' THEN coalesce({_day_end("date_unregistration")}, ends_at) ELSE ends_at END
        AS decided_at
FROM {{studentInfo}} AS t JOIN {{runs}} USING (code_module, code_presentation)
LEFT JOIN {{studentRegistration}} USING (code_module, code_presentation, id_student)""",
    "learners": """
SELECT t._id, t._unit, masked(id_student) AS learner_id, gender, age_band AS age, disability, region,
    imd_band AS deprivation, highest_education AS education
FROM {studentInfo} AS t JOIN {runs} USING (code_module, code_presentation)
QUALIFY row_number() OVER (PARTITION BY id_student ORDER BY starts_at DESC, course_id DESC) = 1""",
}

# Who is set aside here is so in the tables of all sources.
_ASIDES = f"""
INSERT INTO asides SELECT 'runs', _id, 'enrolments', [{_RUN_ID}, masked(id_student)], reason FROM {{lost}}"""

# What is said of the data where the count is not 0.
_COUNTED_NOTES = {
    "{0:,} {0:enrolment|enrolments} without a day of registration {0:counts|count} from the run's start.": """
SELECT count(*) FROM {studentInfo} LEFT JOIN {studentRegistration} USING (code_module, code_presentation, id_student)
WHERE date_registration IS NULL""",
    "{0:,} {0:withdrawal|withdrawals} without a day of unregistration {0:is|are} decided at the run's end.": """
SELECT count(*) FROM {studentInfo} LEFT JOIN {studentRegistration} USING (code_module, code_presentation, id_student)
WHERE final_result = 'Withdrawn' AND date_unregistration IS NULL""",
    "{0:,} {0:submission|submissions} banked from an earlier run: attempt 0, scores known when they were banked.": """
SELECT count(*) FROM {studentAssessment} WHERE is_banked = 1""",
    "{0:,} {0:learner|learners} in several runs; attributes are those of the latest.": """
SELECT count(*) FROM (SELECT id_student FROM {studentInfo} GROUP BY ALL HAVING count(*) > 1)""",
}


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read the data set's files in the folder `place` as canonical tables.

    The place may end in `?complete_until=DAY`, the last day of a run, from 0, that the files have clicks of.

    Raises:
        SourceError: a file is missing or cannot be read, or too large a share of its rows is bad or missing.
        SettingError: an option is wrong; or ids are to be pseudonymous, and there is no usable key.
    """
    folder_name, options = split_address(place)
    folder, last_day = folder_of(source, folder_name), _last_day(options)
    if missing := [table.name for table in FILES if not find(folder, table)]:
        names = ", ".join(table.name for table in FILES)
        raise SourceError(f"{source} lacks files", ", ".join(missing), f"OULAD has {names}: .csv, .csv.gz or .parquet.")
    origin = Origin(source, folder, nulls=("", "?"), disjoint=True, delimiters=DELIMITERS)
    sifted = read_sifted(staging, origin, FILES, learner="id_student", hashed=True, linked=True)
    views = {name: relation.name for name, relation in sifted.items()}
    _check_registered(staging, source, views)
    views["runs"] = f"{views['courses']}_runs"
    staging.sql(f"CREATE VIEW {views['runs']} AS {_RUNS.format(**views, days=last_day)}")
    relations = {name: _map(staging, name, views) for name in _MAPPINGS}
    staging.sql(_ASIDES.format(lost=f"{views['studentInfo']}_lost"))
    _note(staging, source, views)
    return Extracted(source, relations, pseudonymous=staging.ids == "pseudonymous")


def _last_day(options: Mapping[str, str]) -> str:
    """SQL for the last day that is there; null without such an option."""
    if unknown := sorted(options.keys() - {_UNTIL}):
        raise SettingError("oulad: no such option", ", ".join(unknown), f"There is {_UNTIL}.")
    day = options.get(_UNTIL, "NULL")
    if day != "NULL" and not day.isdecimal():
        raise SettingError(f"oulad: {_UNTIL} is no day of a run", day, "Write the last day with clicks, as 139.")
    return day


def _check_registered(staging: Staging, source: str, views: Mapping[str, str]) -> None:
    """Who is not in studentRegistration would count from the run's start, as if on time, and never as having left."""
    missing = "SELECT count(*) FROM {studentInfo} ANTI JOIN {studentRegistration} USING "
    missing += "(code_module, code_presentation, id_student)"
    ((absent,),), ((every,),) = (
        staging.sql(q.format(**views)) for q in (missing, "SELECT count(*) FROM {studentInfo}")
    )
    if absent > MOST_BAD_SHARE * every:
        value = f"{absent:,} of {counted(every, 'student')} not in studentRegistration"
        raise SourceError(
            f"{source}: registrations are missing", value, "Export the whole file, with every course run."
        )


def _map(staging: Staging, name: str, views: Mapping[str, str]) -> Relation:
    relation = f"{views['courses']}_to_{name}"
    columns = ", ".join(f"{column.name}::{SQL_TYPES[column.type]} AS {column.name}" for column in BY_NAME[name].columns)
    staging.sql(f"CREATE VIEW {relation} AS SELECT _id, _unit, {columns} FROM ({_MAPPINGS[name].format(**views)})")
    return Relation(relation, units=1)


def _note(staging: Staging, source: str, views: Mapping[str, str]) -> None:
    notes = [
        "every record is dated by its day, and known at the day's end.",
        f"it has no time of grading; a score counts as known {TUTOR_MARKED_DAYS} days after submission (TMA, Exam), "
        f"or {COMPUTER_MARKED_DAYS} (CMA).",
    ]
    for note, query in _COUNTED_NOTES.items():
        if count := staging.sql(query.format(**views))[0][0]:
            notes.append(note.format(Count(count)))
    components = ", ".join(map(quoted, _COMPONENTS))
    query = f"SELECT DISTINCT activity_type FROM {views['vle']} WHERE activity_type NOT IN ({components}) ORDER BY ALL"
    for (activity,) in staging.sql(query):
        notes.append(f"activity type {activity} is not known; it becomes mod_{activity}.")
    staging.notes.update(f"{source}: {note}" for note in notes)
