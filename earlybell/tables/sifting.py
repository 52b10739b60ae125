"""The tables of a request, sifted as those of a file are: by the same rules, and with what they say becomes of the bad.

What concerns one learner is set aside for that learner, and listed. What concerns everybody, or cannot be told whose it
is, refuses the request: all such faults together. The order is that of `components.extract.sifting`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from msgspec import Meta, Struct, structs

from earlybell.tables.faults import MOST_FAULTS, Faults
from earlybell.tables.rules import (
    DIFFER,
    REPEATED,
    TOGETHER,
    Kind,
    Limit,
    far_above,
    least,
    limits,
    most,
    not_found,
    not_found_together,
)
from earlybell.tables.schema import BY_NAME, MOST_BAD_SHARE, MOST_EXTRA_CREDIT, Column, Merge, Table
from earlybell.tables.values import (
    MILLISECONDS,
    NO_TEXT,
    Array,
    Coded,
    Mask,
    Read,
    Sent,
    expected,
    implausible,
    is_milliseconds,
    read_values,
    shown,
)
from earlybell.tables.zones import known_zones

Columns: TypeAlias = dict[str, Array]
Rows: TypeAlias = dict[str, Columns]
Became = Literal["unknown", "raised", "counted_on", "merged", "row_left_out", "learner_left_out"]

MOST_SET_ASIDE = 1000  # that an answer lists, beside each learner who is left out: what is beyond is counted
_AT_ONCE = 4096  # rows that are looked at together when they are listed
_COUNTED_ON = "the number of another row"


class Aside(Struct, frozen=True):
    """What of a request is not read as it stands."""

    where: Annotated[str, Meta(description="the first place, as submissions[17].score")]
    what: Annotated[Any, Meta(description="the value as it was sent; of several columns a list")]
    why: Annotated[str, Meta(description="the rule that it breaks")]
    became: Annotated[Became, Meta(description="what was made of it; docs/reference/api.md has a table")]
    learner_id: Annotated[str | None, Meta(description="whose it is, if that is known")]
    count: Annotated[int, Meta(ge=0, description="at how many places the same learner has the same value")]


@dataclass(frozen=True)
class _Bad:
    """Which rows cannot be used as they are, by the column that is to blame, and what would mend them."""

    rows: Mask
    name: str
    way_out: str


@dataclass
class Sheet:
    """A table of a request: as it was `sent`, as it was `read`, its `columns` now, which `rows` are in, which `bad`."""

    table: Table
    where: str
    sent: Mapping[str, Sent]
    read: Mapping[str, Read]
    columns: Columns
    rows: Mask
    bad: list[_Bad] = field(default_factory=list)

    def values(self, name: str) -> list[Any]:
        """The values of a column in the rows that are in."""
        return self.clean(name).tolist()  # type: ignore[no-any-return]

    def clean(self, name: str) -> Array:
        """The column in the rows that are in."""
        return self.columns[name] if self.rows.all() else self.columns[name][self.rows]

    def coded(self, name: str) -> Coded | None:
        """A column of texts in the rows that are in, by its words; None: it repeats little, or was changed."""
        read = self.read[name]
        if read.coded is None or self.columns[name] is not read.array:
            return None
        return read.coded if self.rows.all() else Coded(read.coded.codes[self.rows], read.coded.words)

    def distinct(self, name: str) -> set[Any]:
        """The different values of a column in all rows."""
        read = self.read[name]
        if read.coded is None or self.columns[name] is not read.array:
            return set(self.columns[name].tolist())
        return set(read.coded.words)

    def values_in(self, name: str) -> set[Any]:
        """The different values of a column in the rows that are in."""
        return self.distinct(name) if self.rows.all() else set(self.values(name))

    def numbers(self) -> list[int]:
        """Of the rows that are in."""
        return np.flatnonzero(self.rows).tolist()

    def value(self, name: str, i: int) -> Any:
        """One value, null being None."""
        return _plain(self.columns[name][i : i + 1].tolist()[0])

    def write(self, name: str, i: int, value: Any) -> None:
        """Another value in its place."""
        column = self.columns[name]
        column[i] = _NOTHING[column.dtype.kind] if value is None else value

    def groups(self, names: Sequence[str]) -> dict[tuple[Any, ...], list[int]]:
        """The rows that are in, by their values in these columns."""
        by_key = defaultdict(list)
        columns = [[_plain(value) for value in self.values(name)] for name in names]
        for i, key in zip(self.numbers(), zip(*columns, strict=True), strict=True):
            by_key[key].append(i)
        return by_key

    def blame(self, rows: Array, name: str, way_out: str) -> None:
        """Rows, by their numbers or a mask, that are bad."""
        mask = np.zeros(len(self.rows), dtype=bool)
        mask[rows] = True
        self.bad.append(_Bad(mask, name, way_out))


@dataclass(frozen=True)
class _Lost:
    """Rows for which their learners are set aside, if they are the course run's."""

    sheet: Sheet
    rows: Array
    names: tuple[str, ...]
    why: str


@dataclass
class Sifting:
    """One instance on its way: its tables, what is set aside so far, and what refuses it.

    Of what is set aside it lists `room` entries and each learner who is left out, and counts at how many further
    places something is (`more`). It calls `go_on` now and then, which may end it by an error.
    """

    faults: Faults
    go_on: Callable[[], None]
    room: int = MOST_SET_ASIDE
    course_id: str = ""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    more: int = 0
    _left_out: set[Any] = field(default_factory=set)
    _asides: dict[tuple[object, ...], Aside] = field(default_factory=dict)
    _counts: Counter[tuple[object, ...]] = field(default_factory=Counter)
    _lost: list[_Lost] = field(default_factory=list)

    def add(self, table: Table, where: str, sent: Mapping[str, Sent]) -> Sheet:
        """Read a table's columns, and sift its values and keys.

        A column that is not given is among the faults already; so is the course run, where it is not known.
        """
        self.go_on()
        length = len(next(iter(sent.values()), ()))
        untold = {"course_id"} if table.name != "courses" and not self.course_id else set()
        untold |= set(table.names) - sent.keys()
        sent = {name: sent.get(name, [None] * length) for name in table.names}
        reads = {column.name: read_values(column, sent[column.name]) for column in table.columns}
        columns = {name: read.array for name, read in reads.items()}
        sheet = self.sheets[table.name] = Sheet(table, where, sent, reads, columns, np.ones(length, dtype=bool))
        if not length:
            return sheet
        checked = [column for column in table.columns if column.name not in untold]
        broken = [(column, list(_broken(sheet, column, reads[column.name]))) for column in checked]
        for column, rules in broken:
            if rules and not self._refuse_whole(sheet, column, rules):
                self._apply(sheet, column, rules)
        if table.key and not untold & {*table.key}:
            self._sift_keys(sheet)
        return sheet

    def check_shares(self) -> None:
        """Refuse tables of which so many rows are bad that what is left does not tell what the learners did.

        Rows of people who are not enrolled count neither as bad nor as rows: a teacher's hide nobody's.
        """
        if "enrolments" not in self.sheets:
            return
        enrolled = {*self.sheets["enrolments"].columns["learner_id"].tolist(), None}
        for sheet in self.sheets.values():
            if sheet.bad and sheet.table.bad != "stop":
                self._check_share(sheet, enrolled)

    def _check_share(self, sheet: Sheet, enrolled: set[Any]) -> None:
        of_class = _among(sheet.columns["learner_id"], enrolled)
        bad = of_class & np.logical_or.reduce([blame.rows for blame in sheet.bad])
        count, rows = int(bad.sum()), int(of_class.sum())
        if count <= max(1, MOST_BAD_SHARE * rows):
            return
        first = int(np.flatnonzero(bad)[0])
        blamed = next(blame for blame in sheet.bad if blame.rows[first])
        many = f"{count:,} of the {rows:,} rows of learners in this table are bad, more than {MOST_BAD_SHARE:.0%}"
        self._fault(sheet, first, blamed.name, f"{many}: mend them. {blamed.way_out}")

    def sift_links(self) -> None:
        """Set aside what is of a learner who is, and what refers to a row that is not there."""
        enrolled = set(self.sheets["enrolments"].columns["learner_id"].tolist()) - {None}
        for sheet in self.sheets.values():
            if sheet.table.references and enrolled:
                self._compare(sheet, "learner_id", "enrolments", enrolled)
        if self._lost:
            self._set_learners_aside()
        for sheet in self.sheets.values():
            self.go_on()
            if not len(sheet.rows):
                continue
            for column in sheet.table.columns:
                if column.references:
                    self._sift_references(sheet, column)
            for reference in sheet.table.references:
                known = self.sheets[reference.table].values_in("learner_id")
                unknown = sheet.values_in("learner_id") - known
                self._leave_out_all(sheet, "learner_id", unknown, not_found_together(reference.table))
            for column in sheet.table.columns:
                if column.at_most:
                    self._sift_far(sheet, column)

    def clean(self) -> Rows:
        """The rows that are in."""
        return {name: {column: sheet.clean(column) for column in sheet.columns} for name, sheet in self.sheets.items()}

    def coded(self) -> dict[str, dict[str, Coded]]:
        """By table and column the columns of texts that repeat, by their words."""
        return {
            name: {column: coded for column in sheet.columns if (coded := sheet.coded(column))}
            for name, sheet in self.sheets.items()
        }

    @property
    def asides(self) -> tuple[Aside, ...]:
        """What was set aside: learners first, then by the order of tables."""
        counted = (structs.replace(aside, count=self._counts[key]) for key, aside in self._asides.items())
        return tuple(sorted(counted, key=lambda aside: aside.became != "learner_left_out"))

    def _refuse_whole(self, sheet: Sheet, column: Column, broken: Sequence[tuple[Limit, Mask]]) -> bool:
        """Refuse a column of which no value can be read: it is another column, or of another type or unit."""
        bad = np.zeros(len(sheet.rows), dtype=bool)
        for limit, mask in broken:
            bad |= mask & limit.unreadable
        present = np.array([not column.nullable or value is not None for value in sheet.sent[column.name]])
        few = present.sum() < 2 or bad.sum() <= MOST_BAD_SHARE * len(bad)
        if few or (present & ~bad).any() or sheet.table.bad == "stop":
            return False
        way_out = f"None of the {present.sum():,} values of {column.name} can be read: {_way_out(column, broken[0][0])}"
        self._fault(sheet, int(np.flatnonzero(bad)[0]), column.name, way_out)
        return True

    def _apply(self, sheet: Sheet, column: Column, broken: Sequence[tuple[Limit, Mask]]) -> None:
        """Do what the rules say with the values that break one; a value that is unknown is not raised, too."""
        sheet.columns[column.name] = sheet.columns[column.name].copy()
        done = np.zeros(len(sheet.rows), dtype=bool)  # a value is told of once, by the first rule that it breaks
        for limit, mask in sorted(broken, key=lambda pair: pair[0].bad == "raise"):
            rows = np.flatnonzero(mask & ~done)
            done |= mask
            if limit.unreadable:
                sheet.blame(mask, column.name, _way_out(column, limit))
            if limit.bad == "stop":
                self._fault_all(sheet, rows, column.name, _way_out(column, limit))
            elif limit.bad == "learner":
                self._lose(sheet, rows, (column.name,), limit.reason, column)
            elif limit.bad == "row":
                self._leave_out(sheet, rows, (column.name,), limit.reason)
            elif limit.bad != "keep":
                array = sheet.columns[column.name]
                raised = limit.bad == "raise"
                array[rows] = sheet.columns[str(column.not_below)][rows] if raised else _NOTHING[array.dtype.kind]
                self._note(sheet, rows, (column.name,), limit.reason, "raised" if raised else "unknown")

    def _lose(self, sheet: Sheet, rows: Array, names: tuple[str, ...], why: str, column: Column) -> None:
        """Leave rows out, and their learners with them; where none is named nobody knows whose work is missing."""
        sheet.rows[rows] = False
        whose = sheet.table.naming(sheet.table.whose)
        named = np.logical_and.reduce([~_is_null(sheet.columns[name][rows]) for name in whose])
        if named.any():
            self._lost.append(_Lost(sheet, rows[named], names, why))
        if sheet.table.enrols:
            self._note(sheet, rows[~named], names, why, "row_left_out")
        else:
            way_out = f"It is {why}, and whose row it is cannot be told: somebody's work would be missing."
            self._fault_all(sheet, rows[~named], column.name, f"{way_out} It must be {expected(column)}.")

    def _leave_out(self, sheet: Sheet, rows: Array, names: tuple[str, ...], why: str) -> None:
        sheet.rows[rows] = False
        self._note(sheet, rows, names, why, "row_left_out")

    def _leave_out_all(self, sheet: Sheet, name: str, unknown: set[Any], why: str) -> None:
        """Leave out the rows with one of these values."""
        if unknown:
            self._leave_out(sheet, np.flatnonzero(sheet.rows & _among(sheet.columns[name], unknown)), (name,), why)

    def _sift_keys(self, sheet: Sheet) -> None:
        """What repeats is left out, what can be one row is made one, and where nobody can decide none is right."""
        keys = list(zip(*map(sheet.values, sheet.table.key), strict=True))
        if len(set(keys)) == len(keys):
            return
        again = _places(i for rows in sheet.groups(sheet.table.names).values() for i in rows[1:])
        sheet.rows[again] = False
        self._note(sheet, again, sheet.table.key, REPEATED, "merged")
        sheet.columns = {name: column.copy() for name, column in sheet.columns.items()}
        if sheet.table.numbered:
            self._count_on(sheet, *sheet.table.numbered)
        shared = (rows for rows in sheet.groups(sheet.table.key).values() if len(rows) > 1)
        if differing := [rows for rows in shared if not self._merge(sheet, rows)]:
            self._differ(sheet, differing)

    def _count_on(self, sheet: Sheet, counter: str, time: str) -> None:
        """Count rows of one owner by their time, from the first number that they have; what is 0 stays so."""
        owner = [name for name in sheet.table.key if name != counter]
        shared = [rows[0] for rows in sheet.groups(sheet.table.key).values() if len(rows) > 1]
        owners = {tuple(sheet.value(name, i) for name in owner) for i in shared}
        for whose, rows in sheet.groups(owner).items():
            counted = {i: sheet.value(time, i) for i in rows if sheet.value(counter, i) > 0}
            if whose not in owners or not counted:
                continue
            first, rank = min(sheet.value(counter, i) for i in counted), sorted(set(counted.values()))
            for i, at in counted.items():
                if (number := first + rank.index(at)) != sheet.value(counter, i):
                    self._note(sheet, _places([i]), (counter,), _COUNTED_ON, "counted_on")
                    sheet.write(counter, i, number)

    def _merge(self, sheet: Sheet, rows: list[int]) -> bool:
        """Make one row of several where every column says how; False: nobody can decide."""
        others = [column for column in sheet.table.columns if column.name not in sheet.table.key]
        values = {column: [sheet.value(column.name, i) for i in rows] for column in others}
        if any(
            column.merge == "same" and column.bad != "null" and len(set(values[column]) - {None}) > 1
            for column in others
        ):
            return False
        for column in others:
            sheet.write(column.name, rows[0], _merged(column.merge, values[column]))
        sheet.rows[rows[1:]] = False
        self._note(sheet, _places(rows[1:]), sheet.table.key, TOGETHER, "merged")
        return True

    def _differ(self, sheet: Sheet, groups: Sequence[list[int]]) -> None:
        """Rows that cannot be one, by their keys."""
        key, rows = sheet.table.key, _places(i for group in groups for i in group)
        sheet.blame(rows, key[-1], f"It has the {DIFFER}.")
        if sheet.table.bad == "learner":
            self._lose(sheet, rows, key, DIFFER, sheet.table.column(key[-1]))
        elif sheet.table.bad == "stop":
            others = _places(i for group in groups for i in group[1:])
            self._fault_all(sheet, others, key[-1], f"{', '.join(key)} must differ in each row.")
        else:
            self._leave_out(sheet, rows, key, DIFFER)

    def _set_learners_aside(self) -> None:
        owners = {name: self._owners(sheet) for name, sheet in self.sheets.items() if sheet.table.whose}
        roll = self.sheets["enrolments"]
        enrolled = set(owners["enrolments"][roll.rows].tolist())
        losses = [(lost, owners[lost.sheet.table.name][lost.rows]) for lost in self._lost]
        excluded = {
            learner
            for lost, learners in losses
            for learner in learners.tolist()
            if lost.sheet is roll or learner in enrolled
        } - {None}
        for lost, learners in losses:
            is_excluded = _among(learners, excluded)
            self._note(lost.sheet, lost.rows[is_excluded], lost.names, lost.why, "learner_left_out")
            self._note(lost.sheet, lost.rows[~is_excluded], lost.names, lost.why, "row_left_out")
        for name, learners in owners.items():
            self.sheets[name].rows &= ~_among(learners, excluded)

    def _owners(self, sheet: Sheet) -> Array:
        """The learner of each row that is of this course run, else None."""
        if "course_id" in sheet.columns:
            runs = sheet.columns["course_id"].tolist()
        else:
            assessments = self.sheets["assessments"]
            run_of = dict(zip(assessments.values("assessment_id"), assessments.values("course_id"), strict=True))
            runs = [run_of.get(assessment) for assessment in sheet.columns["assessment_id"].tolist()]
        learners = sheet.columns["learner_id"].copy()
        learners[[run != self.course_id for run in runs]] = None
        return learners

    def _sift_references(self, sheet: Sheet, column: Column) -> None:
        """Leave out rows that refer to nothing."""
        other, key = str(column.references).split(".")
        keys = self.sheets[other].values_in(key)
        if self._compare(sheet, column.name, other, keys) and (unknown := sheet.values_in(column.name) - keys):
            why = not_found(other)
            sheet.blame(_among(sheet.columns[column.name], unknown), column.name, f"It is {why}: write ids alike.")
            self._leave_out_all(sheet, column.name, unknown, why)

    def _compare(self, sheet: Sheet, name: str, other: str, keys: set[Any]) -> bool:
        """Refuse a table of several rows of which none refers to what is there: ids are of another system."""
        values = sheet.distinct(name) - {None}
        if len(sheet.rows) < 2 or not values or keys & values:
            return True
        others = " Leave them out if all are of others, as a teacher." if other == "enrolments" else ""
        first = next(i for i, value in enumerate(sheet.columns[name].tolist()) if value is not None)
        self._fault(sheet, first, name, f"No {name} of this table is in {other}: write ids alike.{others}")
        return False

    def _sift_far(self, sheet: Sheet, column: Column) -> None:
        """A little above is extra credit and stays; far above no more than the value goes. Of nothing all is extra."""
        other, limit = str(column.at_most).split(".")
        referring = next(
            candidate for candidate in sheet.table.columns if str(candidate.references).startswith(f"{other}.")
        )
        referred, values = self.sheets[other], sheet.columns[column.name]
        bounds = referred.values(limit)
        if not bounds or not (values > MOST_EXTRA_CREDIT * min(bounds)).any():
            return
        bound_of = dict(zip(referred.values(str(referring.references).split(".")[1]), bounds, strict=True))
        at_most = np.array([bound_of.get(key, np.nan) for key in sheet.columns[referring.name].tolist()])
        far = sheet.rows & (at_most > 0) & (values > MOST_EXTRA_CREDIT * at_most)
        sheet.columns[column.name] = np.where(far, np.nan, values)
        self._note(sheet, np.flatnonzero(far), (column.name,), far_above(str(column.at_most)), "unknown")

    def _note(self, sheet: Sheet, rows: Array, names: tuple[str, ...], why: str, became: Became) -> None:
        """List what was set aside, once for all that is alike; what there is no room for is counted."""
        if not self._has_room and became != "learner_left_out":
            self.more += len(rows)
            return
        for start in range(0, len(rows), _AT_ONCE):
            self.go_on()
            places = rows[start : start + _AT_ONCE].tolist()
            alike = self._alike(sheet, places, names)
            first, learners = dict(zip(reversed(alike), reversed(places), strict=True)), sheet.columns.get("learner_id")
            for same, count in Counter(alike).items():
                key, i = (sheet.table.name, names, why, became, same), first[same]
                learner = None if learners is None else learners[i]
                is_new = became == "learner_left_out" and learner not in self._left_out
                if key not in self._asides:
                    if not is_new and not self._has_room:
                        self.more += count
                        continue
                    if is_new:
                        self._left_out.add(learner)
                    self._asides[key] = _aside(sheet, i, names, why, became, learner)
                self._counts[key] += count

    @property
    def _has_room(self) -> bool:
        return len(self._asides) - len(self._left_out) < self.room

    @staticmethod
    def _alike(sheet: Sheet, places: list[int], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Of each place what is the same where it is listed once: the values, as they were sent, and whose they are."""
        columns = [[sheet.sent[name][i] for i in places] for name in names]
        if not all(set(map(type, column)) <= _HASHED for column in columns):
            columns = [list(map(_brief, column)) for column in columns]
        learners = [sheet.columns["learner_id"][places].tolist()] if "learner_id" in sheet.columns else []
        return list(zip(*learners, *columns, *(map(type, column) for column in columns), strict=True))

    def _fault_all(self, sheet: Sheet, rows: Array, name: str, way_out: str) -> None:
        """A fault of each row; those beyond what an error tells are counted."""
        for i in rows[:MOST_FAULTS].tolist():
            self._fault(sheet, i, name, way_out)
        self.faults.count(len(rows[MOST_FAULTS:]))

    def _fault(self, sheet: Sheet, i: int, name: str, way_out: str) -> None:
        value = sheet.sent[name][i]
        if sheet.table.column(name).type == "timestamp" and is_milliseconds(value):
            way_out = f"{way_out} This looks like {MILLISECONDS}."
        self.faults.add(f"{sheet.where}[{i}].{name}", shown(value), way_out)


def _aside(sheet: Sheet, i: int, names: tuple[str, ...], why: str, became: Became, learner: str | None) -> Aside:
    values = [_brief(sheet.sent[name][i]) for name in names]
    place = f"{sheet.table.name}[{i}]" + (f".{names[0]}" if len(names) == 1 else "")
    milli = sheet.table.column(names[0]).type == "timestamp" and is_milliseconds(sheet.sent[names[0]][i])
    words = f"{why}: {MILLISECONDS}" if milli else why
    return Aside(place, values if len(names) > 1 else values[0], words, became, learner, 1)


def _broken(sheet: Sheet, column: Column, read: Read) -> Iterator[tuple[Limit, Mask]]:
    """The rules that values of a column break, and which values do."""
    for reason, mask in read.wrong.items():
        yield Limit("type", reason, column.bad or sheet.table.bad), mask
    for limit in _limits(sheet.table.name, column.name):
        if limit.kind == "there" and not read.full:
            mask = np.logical_and.reduce([_is_null(read.array), *(~wrong for wrong in read.wrong.values())])
        elif limit.kind in _BREAKS:
            mask = _BREAKS[limit.kind](sheet, column, read.array)
        else:
            continue
        if mask.any():
            yield limit, mask


@cache
def _limits(table: str, column: str) -> tuple[Limit, ...]:
    return tuple(limits(BY_NAME[table], BY_NAME[table].column(column)))


def _is_null(array: Array) -> Mask:
    if array.dtype == object:
        return np.fromiter((value is None for value in array.tolist()), bool, len(array))
    return np.isnat(array) if array.dtype.kind == "M" else np.isnan(array)


def _places(rows: Iterable[int]) -> Array:
    return np.fromiter(rows, np.intp)


def _among(array: Array, values: Container[Any]) -> Mask:
    """Which values are among those."""
    return np.fromiter(map(values.__contains__, array.tolist()), bool, len(array))


def _none(array: Array) -> Mask:
    return np.zeros(len(array), dtype=bool)


def _failing(array: Array, passes: Callable[[str], object]) -> Mask:
    """Which texts are none of those: each different one is asked once."""
    values = array.tolist()
    bad = {text for text in set(values) if text is not None and not passes(text)}
    return np.fromiter((value in bad for value in values), bool, len(values)) if bad else _none(array)


_BREAKS: dict[Kind, Callable[[Sheet, Column, Array], Mask]] = {
    "time": lambda sheet, column, array: implausible(array),
    "choices": lambda sheet, column, array: _failing(array, column.choices.__contains__),
    "timezone": lambda sheet, column, array: _failing(array, known_zones().__contains__),
    "pattern": lambda sheet, column, array: _failing(array, re.compile(str(column.pattern)).fullmatch),
    "minimum": lambda sheet, column, array: array < least(column),
    "maximum": lambda sheet, column, array: array > most(column),
    "plausible": lambda sheet, column, array: array > column.plausible,
    "not_before": lambda sheet, column, array: array < sheet.columns[str(column.not_before)],
    "not_below": lambda sheet, column, array: array < sheet.columns[str(column.not_below)],
}


def _way_out(column: Column, limit: Limit) -> str:
    if limit.kind in ("minimum", "maximum"):
        return f"It must be from {least(column):g} to {most(column):g}."
    if limit.kind in ("not_before", "not_below"):
        return f"It is {limit.reason}."
    if limit.kind == "type" and column.type == "string":
        return f"It is {limit.reason}."
    return f"It must be {expected(column)}."


_HASHED = {str, int, float, bool, NoneType}
_NOTHING: dict[str, Any] = {"O": None, "f": np.nan, "M": np.datetime64("NaT", "us")}


def _plain(value: Any) -> Any:
    return None if value != value else value  # NaN


def _merged(how: Merge, values: list[Any]) -> Any:
    present = [value for value in values if value is not None]
    if not present or (how == "open" and len(present) < len(values)) or (how == "same" and len(set(present)) > 1):
        return None
    return min(present) if how == "earliest" else max(present)


def _brief(value: Any) -> Any:
    """A value as an answer tells it: a short one as it is."""
    short = (
        abs(value) < 1e15
        if isinstance(value, int | float)
        else isinstance(value, str) and len(value) <= 80 and not NO_TEXT(value)
    )
    if value is None or short:
        return value
    return shown(value)
