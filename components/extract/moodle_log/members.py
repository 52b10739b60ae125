"""Who the learners of a course run are: its participants, whether they came or not, and who left it."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Literal

from components.extract.moodle_log.names import letters, match
from earlybell.counts import counted

MOST_LOST = 0.05  # of the people on a run's lists; one is borne in any run
MOST_UNMATCHED = 0.1  # of them: with fewer, the log writes names as the lists do, and who is missing in it never came
AS_OFTEN = 0.5  # of a typical learner's acts: who has so many, and does nothing that staff do, may be a learner
SOON = timedelta(hours=1)  # after an unenrolment: who acts later is still enrolled in another way
FIRST_ADMIN_ID = "2"  # Moodle gives it to who installs a site
_SHAPES = 3  # of names, shown in an error

STAFF, UNLISTED, ADMIN, NO_LONGER = "staff", "unlisted", "admin", "no longer listed"


@dataclass(frozen=True)
class Person:
    """Somebody who acts in the log of a run, or is enrolled by it, by id, with the spellings of their name, exactly.

    `last_act` is by the site's clock; None: they never came. `acts` counts all their acts.
    """

    id: str
    names: tuple[str, ...]
    staff_acts: int
    learner_acts: int
    last_act: datetime | None
    acts: int = 0

    @property
    def looks_like_staff(self) -> bool:
        return self.staff_acts > 0 or self.id == FIRST_ADMIN_ID


@dataclass(frozen=True)
class Listed:
    """A row of a grade book or of a list of participants: `row` is its number, `display` the name as it stands,
    `report` the kind of list.

    `is_learner` is None where the list does not say: Moodle's participants may be staff. `total` is the course total as
    a grade book has it.
    """

    row: int
    names: tuple[str, ...]
    display: str
    user_id: str | None
    is_learner: bool | None = True
    report: str = ""
    total: str = ""

    @property
    def graded(self) -> bool:
        """Whether they have points."""
        return bool(re.search("[1-9]", self.total))


@dataclass(frozen=True)
class Change:
    """That somebody, of this name if the log says it exactly, was enrolled by a method or unenrolled, when."""

    id: str
    kind: Literal["enrolled", "unenrolled"]
    at: datetime
    method: str = ""
    name: str | None = None


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
        acting: who acts in the log.
        listed: rows of the grade book and of the list of participants; both empty: who acts is a learner, but staff.
        changes: in the order of time.
        id_of_row: whose a listed row is.
        ambiguous: listed rows whose name other people have too; who they are is not known.
        alike: rows, by number, whose name is only alike to that of whom they are taken for.
        twins: people of one name, of whom the lists have as many or more: they are learners, and no row is known to be
            theirs.
    """

    acting: Sequence[Person]
    listed: Sequence[Listed]
    changes: Sequence[Change]
    id_of_row: dict[int, str] = field(init=False, default_factory=dict)
    ambiguous: list[Listed] = field(init=False, default_factory=list)
    alike: set[int] = field(init=False, default_factory=set)
    twins: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        known_ids = self._known_ids()
        self._rows_with_id = {row.row for row in self.listed if row.user_id in known_ids}
        by_name = {row.row: list(row.names) for row in self.listed if row.user_id not in known_ids}
        names_of = {person.id: person.names for person in self.people}
        matched = match(by_name, names_of)
        self.alike = {
            row for row, ids in matched.items() if not {*map(letters, by_name[row])} & {*map(letters, names_of[ids[0]])}
        }
        displays: dict[str, str] = {}
        staff = {person.id for person in self.people if person.staff_acts}
        several: dict[tuple[str, ...], list[Listed]] = defaultdict(list)
        for row in self.listed:
            ids = [row.user_id] if row.user_id in known_ids else matched.get(row.row, [])
            likely = [id_ for id_ in ids if id_ not in staff and id_ not in self._gone] or ids
            if len(likely) > 1:
                several[tuple(likely)].append(row)
            else:
                self.id_of_row[row.row] = likely[0] if likely else self._absent(row, displays)
        for likely_ids, rows in several.items():
            if len(likely_ids) in Counter(row.report for row in rows).values():
                self.twins |= {*likely_ids}
            else:
                self.ambiguous += rows
        self._tell_twins()

    def _tell_twins(self) -> None:
        """Rows of one list with one name and several totals are of several people: the log knows one or none."""
        rows_of: dict[tuple[str, str], list[Listed]] = defaultdict(list)
        for row in self.listed:
            if row.row in self.id_of_row and row.row not in self._rows_with_id:
                rows_of[row.report, self.id_of_row[row.row]].append(row)
        for (_, id_), rows in rows_of.items():
            if len({row.total for row in rows}) > 1:
                self.twins |= {id_, *(f"{row.display} ({number})" for number, row in enumerate(rows[1:], 2))}
                for row in rows:
                    del self.id_of_row[row.row]

    def _known_ids(self) -> set[str]:
        """The ids of a column `User ID`, if it is of Moodle's ids: most of them are in the log."""
        ids = {row.user_id for row in self.listed if row.user_id}
        in_log = ids & {person.id for person in self.people}
        return ids if 2 * len(in_log) >= len(ids) else in_log

    @staticmethod
    def _absent(row: Listed, displays: dict[str, str]) -> str:
        """What stands for the id of somebody whom the log does not know: the name, in all lists as in the first."""
        display = next((displays[name] for name in row.names if name in displays), row.display)
        displays.update(dict.fromkeys(row.names, display))
        return display

    @cached_property
    def people(self) -> list[Person]:
        """Who acts in the log, and whom it says to be enrolled."""
        acting = {person.id for person in self.acting}
        names = {change.id: change.name for change in self.changes if change.name and change.id not in acting}
        return [*self.acting, *(Person(id_, (str(name),), 0, 0, None) for id_, name in sorted(names.items()))]

    @cached_property
    def members(self) -> list[Member]:
        """Every learner, in the order of their ids."""
        acting = {person.id for person in self.acting}
        return [self._member(id_, id_ in acting) for id_ in sorted(self._stayed | self._left)]

    @cached_property
    def never_came(self) -> int:
        """How many learners are in no row of the log."""
        return sum(not member.came for member in self.members)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Who acts in the log and is no learner, by id, with the cause."""
        members = self._stayed | self._left
        return {person.id: self._why(person) for person in self.acting if person.id not in members}

    @cached_property
    def matched(self) -> int:
        """How many listed people the log has."""
        return len({person.id for person in self.people} & ({*self.id_of_row.values()} | self.twins))

    @property
    def nothing_in_common(self) -> bool:
        """Whether lists and log are of other people: nobody is in both, and the log has learners of its own."""
        unlisted = sum(cause == UNLISTED for cause in self.left_out.values())
        return bool(self.listed) and not self.matched and (self._strangers > 0 or 2 * unlisted >= len(self.listed))

    @property
    def lost(self) -> int:
        """How many learners are not told apart, or may be listed under a name that the log does not have.

        Who is listed and not in the log may be somebody who is in the log and not listed: one who acts as only learners
        do or, as a final grade shows that they took part, one who comes as often as learners.
        """
        acting = {person.id for person in self.people}
        missing = [row for row in self.listed if row.row not in self._rows_with_id and self._is_missing(row, acting)]
        unmatched = len({self.id_of_row[row.row] for row in missing})
        graded = len({self.id_of_row[row.row] for row in missing if row.graded})
        other_names = unmatched > MOST_UNMATCHED * len(self.listed)
        like = max(min(unmatched, self._strangers), min(graded, self._strangers + self._regulars))
        return len(self.ambiguous) + (like if other_names else 0)

    def _is_missing(self, row: Listed, acting: set[str]) -> bool:
        return row.row in self.id_of_row and self.id_of_row[row.row] not in acting

    @property
    def _strangers(self) -> int:
        """How many act as only learners do and are on no list, nor known to have left."""
        return sum(cause == NO_LONGER for cause in self.left_out.values())

    @property
    def _regulars(self) -> int:
        """How many are on no list, do nothing that staff do, and act about as often as learners."""
        acts = {person.id: person.acts for person in self.acting}
        typical = median([acts[id_] for id_ in acts if id_ in self._stayed] or [math.inf])
        return sum(cause == UNLISTED and acts[id_] >= AS_OFTEN * typical for id_, cause in self.left_out.items())

    @property
    def loses_many(self) -> bool:
        return self.lost > max(1.0, MOST_LOST * len(self.listed))

    def compared(self) -> str:
        """What was compared to find the listed people in the log: how many, and what their names look like."""
        listed = shapes(row.names[0] for row in self.listed if row.names)
        acting = shapes(name for person in self.people for name in person.names[:1])
        everybody = counted(len(self.listed), "person", "people")
        return f"{everybody} listed, as {listed}; {len(self.people)} in the log, as {acting}"

    @cached_property
    def _stayed(self) -> set[str]:
        if not self.listed:
            enrolled = {change.id for change in self.changes}
            return ({person.id for person in self.acting} | enrolled) - self._staff - self._gone
        sure = {self.id_of_row[row.row] for row in self._rows(True)}
        unsure = {self.id_of_row[row.row] for row in self._rows(None)} - self._staff - self._gone
        if sure:  # beside a grade book, participants who act as learners: they are suspended, and have no grade in it
            unsure &= {person.id for person in self.acting if person.learner_acts}
        return (sure | unsure | self.twins) - self._no_learners

    @cached_property
    def _left(self) -> set[str]:
        """Who was unenrolled last and is on no list."""
        return self._gone - self._staff - self._no_learners - self._stayed

    def _rows(self, is_learner: bool | None) -> list[Listed]:
        return [row for row in self.listed if row.is_learner is is_learner and row.row in self.id_of_row]

    @cached_property
    def _no_learners(self) -> set[str]:
        """Who has another role by the list of participants."""
        return {self.id_of_row[row.row] for row in self._rows(False)}

    @cached_property
    def _staff(self) -> set[str]:
        return {person.id for person in self.people if person.looks_like_staff}

    @cached_property
    def _gone(self) -> set[str]:
        """Whose enrolments of every method ended; without a list, only who did not act afterwards."""
        last: dict[str, dict[str, Change]] = defaultdict(dict)
        for change in self.changes:
            last[change.id][change.method] = change
        acted = {person.id: person.last_act for person in self.acting} if not self.listed else {}
        return {
            id_
            for id_, by_method in last.items()
            if all(change.kind == "unenrolled" for change in by_method.values())
            and (acted.get(id_) or datetime.min) <= max(change.at for change in by_method.values()) + SOON
        }

    def _member(self, id_: str, came: bool) -> Member:
        changes = self._changes_of.get(id_, [])
        enrolled = min((change.at for change in changes if change.kind == "enrolled"), default=None)
        left = max(change.at for change in changes if change.kind == "unenrolled") if id_ in self._left else None
        return Member(id_, came, enrolled, left)

    @cached_property
    def _changes_of(self) -> dict[str, list[Change]]:
        by_id: dict[str, list[Change]] = defaultdict(list)
        for change in self.changes:
            by_id[change.id].append(change)
        return by_id

    def _why(self, person: Person) -> str:
        if person.id == FIRST_ADMIN_ID:
            return ADMIN
        if person.staff_acts or person.id in self._no_learners:
            return STAFF
        return NO_LONGER if person.learner_acts else UNLISTED


def shapes(names: Iterable[str]) -> str:
    """What names look like, the most frequent shapes first: letters are x."""
    counted = Counter(re.sub(r"[^\W_]+", lambda word: "x" * len(word[0]), name) for name in names)
    return " or ".join(f"'{shape}'" for shape, _ in counted.most_common(_SHAPES)) or "nothing"
