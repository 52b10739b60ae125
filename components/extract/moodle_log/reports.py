"""The files of `moodle-log:DIR`: which of them are Moodle's reports, and what is read of each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from components.extract.addresses import split_address
from components.extract.moodle_log import words
from components.extract.moodle_log.statements import COURSES
from components.extract.reading import Origin, header
from components.extract.staging import Staging
from earlybell.errors import SourceError
from earlybell.tables.schema import Column, Table

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".json")
_SHEETS_NOT_READ = (".ods", ".xls")
EXPORT_AS_REAL = "Export the grade book again, with Real (points) as the grade export's display type."
_WHOSE = "It needs the columns First name and Last name, as Moodle exports them."
_SHOWN = 3  # files, in an error
_LIKE_A_LOG = 3  # columns of the log that a file must have to be taken for one
_EXPORTED = re.compile(r"(?<!\d)(20\d{6})[-_]\d{4}(?!\d)")  # in names, as logs_STAT_20241101-1201.csv

LOG = Table(
    "log",
    "Moodle's log report",
    (
        Column("Time", "string", "when, on the site's clock"),
        Column("User full name", "string", "who"),
        Column("Affected user", "string", "to whom"),
        Column("Event context", "string", "course or activity"),
        Column("Component", "string", "plugin"),
        Column("Event name", "string", "what happened"),
        Column("Description", "string", "the same as an English sentence, with ids"),
        Column("Origin", "string", "web, ws (the app), cli, restore"),
    ),
)
_NAMES = (
    Column("User ID", "string", "who", is_id=True),
    Column("Full name", "string", "who"),
    Column("First name", "string", "who"),
    Column("Last name", "string", "who"),
)
GRADES = Table(
    "grades",
    "Moodle's grade book",
    (
        *_NAMES,
        Column("Course total", "string", "final grade in points"),
        Column("Course total (Percentage)", "string", "final grade in percent"),
        Column("Last downloaded", "string", "when it was exported, in seconds since 1970"),
    ),
)
PARTICIPANTS = Table(
    "participants",
    "Moodle's list of participants",
    (*_NAMES, Column("Roles", "string", "as Student"), Column("Status", "string", "Active, Suspended")),
)
_LOG_TITLES = (*LOG.names, "IP address")  # in Moodle's order
_LOG_OPTIONAL = frozenset({"Description", "Affected user", "Origin"})


@dataclass(frozen=True)
class Report:
    """A file that is one of Moodle's reports; `run` is the folder of its course run."""

    table: Table
    run: str
    path: Path
    english: bool = False

    @property
    def named_on(self) -> date | None:
        """The day of the export that Moodle writes into the file's name; None where it has been renamed."""
        try:
            return datetime.strptime(_EXPORTED.findall(self.path.name)[-1], "%Y%m%d").date()
        except (IndexError, ValueError):
            return None

    @property
    def written_on(self) -> date:
        """The day on which the file was last written: it was exported then or earlier."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC).date()


def origin_of(source: str, folder: Path, table: Table) -> Origin:
    """How a report of a kind is read; its label is that of its file, without the options of the source's address."""
    kind, _, place = source.partition(":")
    address = f"{kind}:{split_address(place)[0]}"
    if table is LOG:
        return Origin(
            address, folder, named=_named("log"), optional=_LOG_OPTIONAL, delimiters=",;\t", untitled=_LOG_TITLES
        )
    optional = frozenset(table.names)
    return Origin(address, folder, ("", "-"), named=_named(table.name), optional=optional, delimiters=",;\t")


def find_reports(staging: Staging, source: str, folder: Path) -> list[Report]:
    """The reports in the folder, and in each folder in it: these are other course runs.

    Raises:
        SourceError: there is no log, a file cannot be read or is a sheet of a kind that is not read, or a grade book
            does not say whose the grades are or has them in letters only.
    """
    reports, others = [], []
    for place in run_folders(folder):
        for path in sorted(path for path in place.iterdir() if path.is_file() and path.name.lower() != COURSES):
            label = origin_of(source, folder, LOG).label(path)
            if path.suffix.lower() in _SHEETS_NOT_READ:
                way_out = "Export it as CSV, XLSX or JSON, or save it as one of them."
                raise SourceError(f"{label} is a sheet of a kind that is not read", path.suffix, way_out)
            report = _recognise(staging, source, folder, path) if path.name.lower().endswith(SUFFIXES) else None
            if report is None:
                others.append(path.relative_to(folder).as_posix())
                staging.notes.add(
                    f"{label}: neither a log, a grade book nor a list of participants of Moodle; not read."
                )
            else:
                reports.append(report)
    if not any(report.table is LOG for report in reports):
        languages = "English, German, French, Spanish, Italian, Portuguese or Dutch"
        way_out = f"Export Moodle's log report as CSV, XLSX or JSON, with the site in {languages}."
        raise SourceError(f"{source} has no log", _looked_at(folder, reports, others), way_out)
    return reports


def _looked_at(folder: Path, reports: Sequence[Report], others: Sequence[str]) -> str:
    """The first files of a folder that has no log, and what each is taken for."""
    names = [f"{report.path.relative_to(folder).as_posix()} is {report.table.meaning}" for report in reports]
    names += [f"{name} is no report that is known" for name in others]
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}" or f"no file in {folder}"


def run_folders(folder: Path) -> list[Path]:
    """The folder itself and those in it, each of which may have a course run's files."""
    return [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]


def run_name(folder: Path, place: Path) -> str:
    """What a course run is called by its folder."""
    return (Path(folder.resolve().name) / place.relative_to(folder)).as_posix()


def _named(report: str) -> Callable[[str], str]:
    titles = words.titles(report)
    return lambda title: titles.get(words.plain(title), title)


def _recognise(staging: Staging, source: str, folder: Path, path: Path) -> Report | None:
    log = origin_of(source, folder, LOG)
    titles, run = header(staging, log, path), run_name(folder, path.parent)
    if sum(name in titles for name in LOG.names) >= _LIKE_A_LOG:
        english = "time" in header(staging, replace(log, named=words.plain), path)
        return Report(LOG, run, path, english)
    grades = origin_of(source, folder, GRADES)
    titles = header(staging, grades, path)
    if any(words.is_total(title) for title in titles):
        _check_grades(grades.label(path), titles)
        return Report(GRADES, run, path)
    titles = header(staging, origin_of(source, folder, PARTICIPANTS), path)
    lists_people = {"First name", "Last name"} <= {*titles} or ("Full name" in titles and "Roles" in titles)
    return Report(PARTICIPANTS, run, path) if lists_people else None


def _check_grades(label: str, titles: Sequence[str]) -> None:
    """
    Raises:
        SourceError: nobody can be told by the columns, or no column has the total as a number.
    """
    if not {"User ID", "Full name"} & {*titles} and not {"First name", "Last name"} <= {*titles}:
        raise SourceError(f"{label} does not say whose the grades are", ", ".join(titles), _WHOSE)
    if not {"Course total", "Course total (Percentage)"} & {*titles}:
        totals = ", ".join(title for title in titles if words.is_total(title))
        raise SourceError(f"{label} has the course total in letters only", totals, EXPORT_AS_REAL)
