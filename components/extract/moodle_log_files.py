"""The files of `moodle-log:DIR`: which of them are Moodle's log reports and grade books, and what is read of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from components.extract import moodle_log_words as words
from components.extract.reading import Origin, header
from components.extract.staging import Staging
from earlybell.errors import SettingError, SourceError
from earlybell.tables.schema import Column, Table

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx")
_WHOSE = "It needs the columns First name and Last name, as Moodle exports them."
_LIKE_A_LOG = 3  # columns of the log that a file must have to be taken for one

LOG = Table(
    "log",
    "Moodle's log report",
    (
        Column("Time", "string", "when, on the site's clock"),
        Column("User full name", "string", "who"),
        Column("Event context", "string", "course or activity"),
        Column("Component", "string", "plugin"),
        Column("Event name", "string", "what happened"),
        Column("Description", "string", "the same as an English sentence, with ids"),
    ),
)
GRADES = Table(
    "grades",
    "Moodle's grade book",
    (
        Column("User ID", "string", "who"),
        Column("Full name", "string", "who"),
        Column("First name", "string", "who"),
        Column("Last name", "string", "who"),
        Column("Course total", "string", "final grade"),
    ),
)


@dataclass(frozen=True)
class Report:
    """A file that is one of Moodle's reports; `run` is the folder of its course run."""

    table: Table
    run: str
    path: Path
    english: bool


def log_origin(source: str, folder: Path) -> Origin:
    """How a log is read."""
    return Origin(source, folder, named=_named("log"), optional=frozenset({"Description"}), delimiters=",;\t")


def grades_origin(source: str, folder: Path) -> Origin:
    """How a grade book is read."""
    nulls, named, optional = ("", "-"), _named("grades"), frozenset(GRADES.names[:-1])
    return Origin(source, folder, nulls, named=named, optional=optional, delimiters=",;\t")


def find_reports(staging: Staging, source: str, folder: Path) -> list[Report]:
    """The reports in the folder, and in each folder in it: these are other course runs.

    Raises:
        SourceError: there is no log, or a file cannot be read, or a grade book does not say whose the grades are.
        SettingError: there is a grade book and no pass mark.
    """
    found = []
    for place in [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]:
        for path in sorted(path for path in place.iterdir() if path.is_file()):
            report = _recognise(staging, source, folder, path) if path.name.endswith(SUFFIXES) else None
            if report is None:
                label = grades_origin(source, folder).label(path)
                staging.notes.add(f"{label}: neither a log nor a grade book of Moodle, and not read.")
            else:
                found.append(report)
    if not any(report.table is LOG for report in found):
        languages = "English, German, French, Spanish, Italian, Portuguese or Dutch"
        way_out = f"Export Moodle's log report as CSV or XLSX, with the site in {languages}."
        raise SourceError(f"{source} has no log", str(folder), way_out)
    return found


def _named(report: str) -> Callable[[str], str]:
    known = words.titles(report)
    return lambda title: known.get(words.plain(title), title)


def _recognise(staging: Staging, source: str, folder: Path, path: Path) -> Report | None:
    log, grades = log_origin(source, folder), grades_origin(source, folder)
    titles = header(staging, log, path)
    if sum(name in titles for name in LOG.names) >= _LIKE_A_LOG:
        english = "time" in header(staging, replace(log, named=words.plain), path)
        return Report(LOG, _run(folder, path), path, english)
    titles = header(staging, grades, path)
    if not any(words.titles("grades").get(words.plain(one.split("(")[0])) == "Course total" for one in titles):
        return None
    if not {"User ID", "Full name"} & {*titles} and not {"First name", "Last name"} <= {*titles}:
        raise SourceError(f"{grades.label(path)} does not say whose the grades are", ", ".join(titles), _WHOSE)
    if staging.site.pass_mark is None:
        way_out = "Give --pass-mark: the final grade below which a learner has failed, in points of the course total."
        raise SettingError("a grade book needs a pass mark", grades.label(path), way_out)
    return Report(GRADES, _run(folder, path), path, english=False)


def _run(folder: Path, path: Path) -> str:
    return (Path(folder.resolve().name) / path.parent.relative_to(folder)).as_posix()
