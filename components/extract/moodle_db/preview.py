"""Which course runs an address reads, and which of them are of one course: seen before anything is extracted."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.extract.moodle_db.address import read_address
from components.extract.moodle_db.databases import Database, connect
from components.extract.moodle_db.runs import Choice, Course, copy_site
from components.extract.moodle_db.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """The runs of each course, in the order of their starts.

    Attributes:
        runs: by the code of their course; the courses with most runs come first.
        enrolled: how many people are enrolled in each run, learners or not.
        relative: how many courses have dates relative to each learner, and are not read.
    """

    runs: Mapping[str, Sequence[Course]]
    enrolled: Mapping[int, int]
    relative: int


def preview(place: str) -> Preview:
    """
    Raises:
        SourceError, SettingError, MissingPackageError: as `source.read`.
    """
    address = read_address(place)
    with tempfile.TemporaryDirectory(prefix="earlybell-") as temporary, connect(address) as database:
        workspace = Workspace(Path(temporary))
        try:
            _, choice = copy_site(workspace, database, address)
        finally:
            workspace.remove()
        return Preview(_by_code(choice), _enrolled(database, address.options.prefix), choice.relative)


def _by_code(choice: Choice) -> dict[str, list[Course]]:
    groups: dict[str, list[Course]] = {}
    for course in choice.courses:
        groups.setdefault(course.code, []).append(course)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def _enrolled(database: Database, prefix: str) -> dict[int, int]:
    query = f"SELECT e.courseid, count(DISTINCT u.userid) FROM {prefix}user_enrolments u JOIN {prefix}enrol e"
    rows = database.rows(f"{query} ON e.id = u.enrolid GROUP BY e.courseid")
    return {int(course): int(people) for course, people in rows}
