"""A class as Moodle's log report shows it, to add to by hand: twelve learners, eight weeks, three days a week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from components.extract import extract
from earlybell.tables import read_facts
from tests.components.extract.moodle_reports import ENGLISH, write

FIRST_DAY = datetime(2024, 9, 23)  # a Monday
NAMES = (
    "Ada Quill", "Bo Rask", "Cy Stone", "Di Tarn", "Ed Umber", "Flo Vance", "Gus Wick", "Hal Xiong", "Ivy Yule",
    "Jo Zander", "Kit Abel", "Lou Birch",
)  # fmt: skip
IDS = {name: str(101 + i) for i, name in enumerate(NAMES)} | {"Tess Teacher": "50", "Admin User": "2"}
COURSE, NUMBER = "Course: Invented Course 101", "7"
GRADE_TITLES = ("First name", "Last name", "ID number", "Email address", "Course total (Real)")


@dataclass
class Class:
    """Rows of a log by hand."""

    rows: list[Sequence[str]] = field(default_factory=list)

    @classmethod
    def of(cls, weeks: int = 8, names: Sequence[str] = NAMES, first: datetime = FIRST_DAY) -> "Class":
        """Everybody sees the course and the notes on Monday, Wednesday and Friday of each week."""
        log = cls()
        for week in range(weeks):
            for day in (0, 2, 4):
                for name in names:
                    log.views(name, first + timedelta(days=7 * week + day, hours=10))
        return log

    def views(self, name: str, at: datetime) -> None:
        self.acts(name, at, f"The user with id '{IDS[name]}' viewed the course with id '{NUMBER}'.")
        says = f"The user with id '{IDS[name]}' viewed the 'resource' activity with course module id '71'."
        self.acts(name, at + timedelta(minutes=3), says, "File: Notes", "File", "Course module viewed")

    def acts(
        self,
        name: str,
        at: datetime,
        says: str,
        context: str = COURSE,
        component: str = "System",
        event: str = "Course viewed",
        affected: str = "-",
        origin: str = "web",
    ) -> None:
        time = f"{at.day}/{at.month:02}/{at:%y, %H:%M}"
        self.rows.append((time, name, affected, context, component, event, says, origin, "192.0.2.1"))

    def write(self, folder: Path, *, left_out: Iterable[str] = ()) -> Path:
        """Write `log.csv` without some columns; the folder."""
        columns = [i for i, title in enumerate(ENGLISH) if title not in left_out]
        return write(folder / "log.csv", [[row[i] for i in columns] for row in (ENGLISH, *self.rows)])


def grades(names: Iterable[str] = NAMES, first: float = 40, step: float = 5) -> list[Sequence[str]]:
    """A grade book: 40, 45, 50 and so on."""
    people = [(*name.split(" ", 1), "", "x@x.test") for name in names]
    return [GRADE_TITLES, *((*person, f"{first + step * i:.2f}") for i, person in enumerate(people))]


def extracted(folder: Path, options: str = "", mark: str = "50", timezone: str = "UTC") -> Path:
    """The tables of a folder of reports, with ids kept."""
    out = folder.with_name(f"out-{len(list(folder.parent.iterdir()))}")
    options_of_run = {"pass_mark": mark, "timezone": timezone}
    others = [f"{name}={value}" for name, value in options_of_run.items() if value and name not in options]
    address = "&".join([f"{folder}{options or '?'}", *others]).replace("?&", "?")
    extract([f"moodle-log:{address}"], out, key=None, ids="keep")
    return out


def notes(out: Path) -> str:
    return "\n".join(read_facts(out)["notes"])
