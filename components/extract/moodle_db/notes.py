"""What is said of a site's tables: what was left out or guessed, in sentences."""

from collections.abc import Iterator, Mapping, Sequence

from components.extract.moodle_db.address import SiteOptions
from components.extract.moodle_db.runs import Choice, Course, Dates
from components.extract.moodle_db.site import NEWEST, Site
from components.extract.moodle_db.structure import ALL, LOG, PLUGIN
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_log.acts import MACHINES
from earlybell.counts import counted
from earlybell.tables.schema import DEFAULT_TIMEZONE
from earlybell.tables.sql import quoted

_SHOWN = 5  # of short names
_IN_LOG = f"""
SELECT count(*) FILTER (realuserid IS NOT NULL), count(*) FILTER (realuserid IS NULL AND origin IN
    ({", ".join(map(quoted, MACHINES))})) FROM {LOG}"""
_ANSWERS = f"""
SELECT kind, count(*) FROM {PLUGIN}_action WHERE kind IN ('dismiss', 'wrong', 'contest') AND timeundone = 0
GROUP BY 1 ORDER BY 1"""
_OF_STRANGERS = """
WITH handed AS (
    SELECT course, s.userid FROM assign_submission s JOIN assign a ON a.id = assignment
    WHERE s.status = 'submitted' AND s.userid > 0
    UNION ALL
    SELECT course, t.userid FROM quiz_attempts t JOIN quiz q ON q.id = quiz WHERE preview = 0 AND timefinish > 0)
SELECT count(DISTINCT (course, userid)), count(*) FROM handed ANTI JOIN everybody USING (course, userid)
SEMI JOIN runs USING (course)"""
_SUSPENDED = """
SELECT count(*) FROM learners JOIN runs USING (course)
WHERE left_at IS NULL AND active_until < coalesce(ends_at, TIMESTAMP 'infinity') AND (is_over OR active_until < ?)"""


def of(
    workspace: Workspace,
    site: Site,
    options: SiteOptions,
    choice: Choice,
    courses: Sequence[Course],
    dates: Mapping[int, Dates],
) -> list[str]:
    """The sentences on everything that was read."""
    return [
        *_of_site(site, options),
        *_of_courses(options, choice, courses, dates),
        *_of_people(workspace, site),
        *_of_work(workspace),
        *_of_outcomes(workspace),
        *_of_plugin(workspace),
    ]


def _of_site(site: Site, options: SiteOptions) -> Iterator[str]:
    if not (options.timezone or site.timezone):
        stated = site.settings.get("timezone", "")
        yield (
            f"its clock is not known (Moodle's timezone is {stated!r}), and is taken for {DEFAULT_TIMEZONE}; "
            "state timezone."
        )
    if site.version >= NEWEST:
        yield f"it is a Moodle of version {site.version}, which is newer than what Earlybell was tested with."
    missing = sorted({table.module for table in ALL if table.name not in site.present} - {PLUGIN})
    if missing:
        yield f"tables of these activities are not there, or may not be read: {', '.join(missing)}."


def _of_courses(
    options: SiteOptions, choice: Choice, courses: Sequence[Course], dates: Mapping[int, Dates]
) -> Iterator[str]:
    if empty := len(choice.courses) - len(courses):
        yield f"{counted(empty, 'course')} without a learner left out."
    if choice.relative:
        yield f"{counted(choice.relative, 'course')} with dates relative to each learner left out."
    if options.code is None:
        yield "no rule says which runs are of one course: each is by itself. State code."
    elif untied := [course.shortname for course in courses if not course.tied]:
        yield f"the rule of code does not fit {counted(len(untied), 'course')}, each by itself: {_some(untied)}."
    estimated = [course.shortname for course in courses if course.id in dates and dates[course.id].estimated]
    if estimated:
        yield (
            f"{counted(len(estimated), 'course')} without an end or a start in Moodle: it is taken from learners' "
            f"activity, or is not known: {_some(estimated)}."
        )
    if undated := [course.shortname for course in courses if course.id not in dates]:
        yield f"{counted(len(undated), 'course')} with neither a start nor activity left out: {_some(undated)}."


def _of_people(workspace: Workspace, site: Site) -> Iterator[str]:
    causes = workspace.sql("SELECT cause, count(*) FROM everybody WHERE cause IS NOT NULL GROUP BY 1 ORDER BY 1")
    if causes:
        listed = ", ".join(f"{count:,} {cause}" for cause, count in causes)
        yield f"people of courses who are no learners there: {listed}."
    ((suspended,),) = workspace.sql(_SUSPENDED, [site.moment])
    if suspended:
        yield f"{counted(suspended, 'enrolment')} suspended or over before the run's end: enrolled, without an outcome."
    ((another, machine),) = workspace.sql(_IN_LOG)
    if another or machine:
        yield f"rows of the log that are nobody's own acts: {another:,} logged in as another, {machine:,} automatic."


def _of_work(workspace: Workspace) -> Iterator[str]:
    ((guessed,),) = workspace.sql("SELECT count(*) FROM deadlines WHERE is_guess")
    if guessed:
        granted = counted(guessed, "extension was", "extensions were")
        yield f"the log does not say when {granted} granted: as it counts, at the deadline itself."
    ((strangers, rows),) = workspace.sql(_OF_STRANGERS)
    if strangers:
        people, submissions = counted(strangers, "person", "people"), counted(rows, "submission")
        yield f"{submissions} of {people} left out, who were never enrolled, as far as anything says."
    ((hidden,),) = workspace.sql(
        "SELECT count(*) FROM tasks SEMI JOIN runs USING (course) ANTI JOIN asked USING (assessment_id)"
    )
    if hidden:
        activities = counted(hidden, "hidden activity", "hidden activities")
        yield f"{activities}, for which nobody has handed anything in, left out."


def _of_outcomes(workspace: Workspace) -> Iterator[str]:
    ((without,),) = workspace.sql("SELECT count(*) FROM runs WHERE is_over AND threshold IS NULL")
    if without:
        yield f"{counted(without, 'run')} over and without a pass mark: the grades are no outcomes. State pass_mark."


def _of_plugin(workspace: Workspace) -> Iterator[str]:
    """What teachers and learners said of Earlybell's own predictions, and what became of it."""
    ((opted,),) = workspace.sql("SELECT count(*) FROM opted_out")
    if opted:
        yield f"{counted(opted, 'learner')} left out of a run under way, having opted out of predictions."
    answers = workspace.sql(_ANSWERS)
    if answers:
        yield f"answers to predictions in Moodle: {', '.join(f'{count:,} {kind}' for kind, count in answers)}."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
