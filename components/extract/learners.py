"""Learners set aside: of whom a row cannot be read that would mean something, nothing is told that may be false.

A learner whose submission is lost would be one who has not handed in. So all their rows of that course run go, and a
run that would lose too many learners this way is not read.
"""

from collections.abc import Mapping, Sequence

from components.extract.checks import ROW
from components.extract.staging import FILE_BITS, Staging
from earlybell.counts import counted
from earlybell.errors import SourceError
from earlybell.tables.schema import Table
from earlybell.tables.sql import quoted

WITH_LEARNER = "its learner is set aside"
LOST_LEARNERS = 0.03  # of a course run's learners, how many may be set aside: more would change what a model learns

# Who is set aside in all their course runs is nobody's learner any more: their attributes go, too.
_ATTRIBUTES = f"""
INSERT INTO set_aside SELECT 'learners', {ROW}, 'learner_id', shown(learner_id), {quoted(WITH_LEARNER)} FROM learners
WHERE learner_id IN (SELECT learner_id FROM {{lost}}) AND learner_id NOT IN (SELECT learner_id FROM enrolments)"""


def set_learners_aside(staging: Staging, tables: Sequence[Table], names: Mapping[str, str]) -> None:
    """Set aside all rows of the learners who are, from the views `names` of the `tables`; and in the table `NAME_lost`
    of the enrolments' view who they are, with the reason.

    Raises:
        SourceError: too many learners of a course run are.
    """
    roll = next((table for table in tables if table.enrols), None)
    if roll is None:
        return
    lost = f"{names[roll.name]}_lost"
    staging.sql(f"CREATE TABLE {lost} AS {_lost(tables, names, roll)}")
    if not staging.sql(f"SELECT 1 FROM {lost} LIMIT 1"):
        return
    for table in tables:
        if table.whose:
            staging.sql(f"INSERT INTO set_aside {_rows_of(table, names, lost, roll)}")
    if _of_all_sources(roll, names):
        staging.sql(_ATTRIBUTES.format(lost=lost))
        _report(staging, names[roll.name], lost)


def _of_all_sources(roll: Table, names: Mapping[str, str]) -> bool:
    """Whether the views are those of all sources together, which are called as their tables are."""
    return names[roll.name] == roll.name


def _lost(tables: Sequence[Table], names: Mapping[str, str], roll: Table) -> str:
    """The SELECT of learners of a course run, by the key of `roll`, with the first reason for each and its row."""
    key = ", ".join(roll.key)
    rows = " UNION ALL ".join(_named(table, names, roll) for table in tables if table.bad == "learner")
    enrolled = f"SELECT {key} FROM {names[roll.name]}"
    return (
        f"SELECT {key}, min({ROW}) AS {ROW}, arg_min(reason, {ROW}) AS reason FROM ({rows}) "
        f"WHERE enrols OR ({key}) IN ({enrolled}) GROUP BY {key}"
    )


def _named(table: Table, names: Mapping[str, str], roll: Table) -> str:
    """The SELECT of the key of `roll` for each learner whom the rows of `table` set aside."""
    of_all_sources = _of_all_sources(roll, names)
    own = table.naming(table.whose)
    values = {name: f"whose[{place}]" for place, name in enumerate(own, 1)}
    if of_all_sources:  # rows of a source's own tables have ids as they stand there
        values[own[-1]] = f"masked({values[own[-1]]})"
    where = f"source_table = {quoted(table.name)}" + (
        "" if of_all_sources else f" AND relation = {quoted(names[table.name])}"
    )
    columns, joins = _looked_up(table, names, values)
    key = ", ".join(f"{value} AS {name}" for value, name in zip(columns, roll.key, strict=True))
    return f"SELECT {key}, asides.{ROW}, reason, {table.enrols} AS enrols FROM asides {joins} WHERE {where}"


def _rows_of(table: Table, names: Mapping[str, str], lost: str, roll: Table) -> str:
    """The SELECT, for `set_aside`, of the rows of `table` that are of a learner in `lost`."""
    own = table.naming(table.whose)
    columns, joins = _looked_up(table, names, {name: f"t.{name}" for name in own})
    same = " AND ".join(f"{value} = lost.{name}" for value, name in zip(columns, roll.key, strict=True))
    shown = ", ".join(f"shown(t.{name})" for name in own)
    reason = quoted(WITH_LEARNER) + (" || ': ' || lost.reason" if table.enrols else "")
    return (
        f"SELECT {quoted(names[table.name])}, t.{ROW}, {quoted(', '.join(own))}, concat_ws(', ', {shown}), {reason} "
        f"FROM {names[table.name]} AS t {joins} JOIN {lost} AS lost ON {same}"
    )


def _looked_up(table: Table, names: Mapping[str, str], values: Mapping[str, str]) -> tuple[list[str], str]:
    """SQL of the learner's run and id from the `values` of the table's own columns, and the joins that it needs."""
    columns, joins = [], {}
    for path in table.whose:
        if "." in path:
            other, (referring,) = path.split(".")[0], table.naming((path,))
            key = str(table.column(referring).references).split(".")[1]
            joins[other] = f"JOIN {names[other]} AS {other}_of ON {other}_of.{key} = {values[referring]}"
            columns.append(path.replace(".", "_of."))
        else:
            columns.append(values[path])
    return columns, " ".join(joins.values())


def _report(staging: Staging, enrolments: str, lost: str) -> None:
    """Note who is set aside for what in each course run.

    Raises:
        SourceError: too many are.
    """
    remaining = f"SELECT course_id, count(*) AS learners FROM {enrolments} GROUP BY 1"
    counts = (
        "SELECT course_id, count(*), any_value(coalesce(learners, 0)) "
        f"FROM {lost} LEFT JOIN ({remaining}) USING (course_id)"
    )
    for course, lost_learners, learners in staging.sql(f"{counts} GROUP BY 1 ORDER BY 1"):
        causes, enrolled = _causes(staging, lost, course), lost_learners + learners
        extent = f"{course}: {lost_learners:,} of {counted(enrolled, 'learner')} set aside"
        if lost_learners > max(staging.max_bad_share, LOST_LEARNERS) * enrolled:
            way_out = "Mend these values, or export the files again: without so many learners no figure would be true."
            raise SourceError(f"{extent}, with all their rows", causes, way_out)
        staging.notes.add(f"{extent} with all their rows, lest what is missing be taken for a fact: {causes}.")


def _causes(staging: Staging, lost: str, course: str) -> str:
    query = f"SELECT {ROW} >> {FILE_BITS} AS file, reason, count(*) FROM {lost} WHERE course_id = ? GROUP BY ALL"
    rows = staging.sql(f"{query} ORDER BY ALL", [course])
    return "; ".join(f"{count:,} by {reason} in {staging.files[file].label}" for file, reason, count in rows)
