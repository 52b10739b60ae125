"""Who the learners of a course run are: its participants, whether they came or not, and who left it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from components.extract.moodle_log.names import match

MOST_LOST = 0.05  # of a run's learners; one is borne in any run
FIRST_ADMIN_ID = "2"  # Moodle gives it to who installs a site
_SHAPES = 3  # of names, shown in an error

STAFF, UNLISTED, ADMIN = "staff", "unlisted", "admin"


@dataclass(frozen=True)
class Person:
    """Somebody who acts in the log of a run, by id, with the spellings of their name, exactly."""

    id: str
    names: tuple[str, ...]
    staff_acts: int
    learner_acts: int


@dataclass(frozen=True)
class Listed:
    """A row of a grade book or of a list of participants: `row` is its number, `display` the name as it stands.

    `is_learner` is False where a list of participants gives another role.
    """

    row: int
    names: tuple[str, ...]
    display: str
    user_id: str | None
    is_learner: bool = True


@dataclass(frozen=True)
class Change:
    """That somebody was enrolled or unenrolled, when, by the site's clock."""

    id: str
    kind: Literal["enrolled", "unenrolled"]
    at: datetime


@dataclass(frozen=True)
class Member:
    """A learner of a run. `enrolled_at` is None where nothing says when; `unenrolled_at` where they are still there."""

    id: str
    came: bool
    enrolled_at: datetime | None
    unenrolled_at: datetime | None


@dataclass
class Membership:
    """The members of one course run.

    Attributes:
        listed: rows of the grade book and of the list of participants; both empty: who acts is a learner, but staff.
        id_of_row: whose a listed row is.
        ambiguous: listed rows whose name several people have; who they are is not known.
    """

    people: Sequence[Person]
    listed: Sequence[Listed]
    changes: Sequence[Change]
    id_of_row: dict[int, str] = field(init=False, default_factory=dict)
    ambiguous: list[Listed] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        by_name = {row.row: list(row.names) for row in self.listed if row.user_id is None}
        matched = match(by_name, {person.id: person.names for person in self.people})
        staff = {person.id for person in self.people if person.staff_acts}
        for row in self.listed:
            ids = [row.user_id] if row.user_id else matched.get(row.row, [])
            likely = [id_ for id_ in ids if id_ not in staff] or ids
            if len(likely) > 1:
                self.ambiguous.append(row)
            else:
                self.id_of_row[row.row] = likely[0] if likely else row.display

    @cached_property
    def members(self) -> list[Member]:
        """Every learner, in the order of their ids."""
        acting = {person.id for person in self.people}
        return [self._member(id_, id_ in acting) for id_ in sorted(self._stayed | self._left)]

    @cached_property
    def never_came(self) -> int:
        """How many learners are in no row of the log."""
        return sum(not member.came for member in self.members)

    @cached_property
    def left_out(self) -> Counter[str]:
        """How many people who act in the log are no learners, by the cause."""
        members = self._stayed | self._left
        return Counter(self._why(person) for person in self.people if person.id not in members)

    @cached_property
    def matched(self) -> int:
        """How many listed people act in the log."""
        return len({person.id for person in self.people} & {*self.id_of_row.values()})

    @property
    def strangers(self) -> int:
        """How many act as only learners do and are on no list, nor known to have left."""
        known = self._stayed | self._left
        return sum(bool(p.learner_acts) and not p.staff_acts and p.id not in known for p in self.people)

    @property
    def lost(self) -> int:
        """How many learners are not told apart, or may be listed under a name that the log does not have."""
        unmatched = sum(id_ not in {p.id for p in self.people} for id_ in self.id_of_row.values())
        return len(self.ambiguous) + min(unmatched, self.strangers)

    @property
    def loses_many(self) -> bool:
        return self.lost > max(1.0, MOST_LOST * len(self.listed))

    def compared(self) -> str:
        """What was compared to find the listed people in the log: how many, and what their names look like."""
        listed = shapes(row.names[0] for row in self.listed if row.names)
        acting = shapes(name for person in self.people for name in person.names[:1])
        return f"{len(self.listed)} people listed, as {listed}; {len(self.people)} in the log, as {acting}"

    @cached_property
    def _stayed(self) -> set[str]:
        if self.listed:
            staff = {self.id_of_row[row.row] for row in self.listed if row.row in self.id_of_row and not row.is_learner}
            return {*self.id_of_row.values()} - staff
        enrolled = {change.id for change in self.changes} - self._gone
        acting = {person.id for person in self.people if not self._looks_like_staff(person)}
        staff = {person.id for person in self.people} - acting
        return (acting | enrolled) - staff - self._gone

    @cached_property
    def _left(self) -> set[str]:
        """Who was unenrolled last and is on no list."""
        staff = {person.id for person in self.people if self._looks_like_staff(person)}
        no_learners = {
            self.id_of_row[row.row] for row in self.listed if row.row in self.id_of_row and not row.is_learner
        }
        return self._gone - staff - no_learners - ({*self.id_of_row.values()} if self.listed else set())

    @cached_property
    def _gone(self) -> set[str]:
        last = {change.id: change.kind for change in sorted(self.changes, key=lambda change: change.at)}
        return {id_ for id_, kind in last.items() if kind == "unenrolled"}

    def _member(self, id_: str, came: bool) -> Member:
        times: Mapping[str, list[datetime]] = {"enrolled": [], "unenrolled": []}
        for change in self.changes:
            if change.id == id_:
                times[change.kind].append(change.at)
        left = max(times["unenrolled"]) if id_ in self._left else None
        return Member(id_, came, min(times["enrolled"], default=None), left)

    def _why(self, person: Person) -> str:
        if person.id == FIRST_ADMIN_ID:
            return ADMIN
        return STAFF if person.staff_acts else UNLISTED

    @staticmethod
    def _looks_like_staff(person: Person) -> bool:
        return person.staff_acts > 0 or person.id == FIRST_ADMIN_ID


def shapes(names: Iterable[str]) -> str:
    """What names look like, the most frequent shapes first: letters are x."""
    counted = Counter(re.sub(r"[^\W_]+", lambda word: "x" * len(word[0]), name) for name in names)
    return " or ".join(f"'{shape}'" for shape, _ in counted.most_common(_SHAPES)) or "nothing"
