"""The times of Moodle's reports, as people of several languages read them, on 12- and 24-hour clocks.

A time is numbers (9/09/19, 14:05), or has its month in words (9 September 2019, 2:05 PM), or is ISO's.
Which of two numbers is the day is settled for a whole file, never for a row. A time that says how far its clock is from
UTC (Z, +02:00) is read as what the site's own clock showed then.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from components.extract.moodle_log.words import months
from components.extract.staging import FILE_BITS, Staging
from earlybell.errors import SourceError
from earlybell.tables.sql import quoted

_SPACES = r"[\s\x{00a0}\x{2009}\x{202f}]+"
_WEEKDAY = r"(?:[a-z-]+\.?,? )?"
_CLOCK = (
    r",?(?: |t)?(?:(?:as|at|um|alle|a las|a) )?(\d{1,2})(?:[:.]| ?h ?)(\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?"
    r" ?(?:([ap])\.? ?m\.?|da (manha|tarde))? ?(z|utc|gmt|(?:utc|gmt)?[+-]\d{2}(?::?\d{2})?)?$"
)
_NUMBERS = rf"^{_WEEKDAY}(\d{{1,4}})[./-] ?(\d{{1,2}})[./-] ?(\d{{1,4}}){_CLOCK}"
_WORDS = rf"^{_WEEKDAY}(\d{{1,2}})(?:\.|er|th|st|nd|rd)? (?:de )?([a-z]+)\.?,? (?:de )?(\d{{2}}|\d{{4}}){_CLOCK}"
_MONTH_FIRST = rf"^{_WEEKDAY}([a-z]+)\.? (\d{{1,2}}),? (\d{{4}}){_CLOCK}"
_ADDED = "file, text, n, w, m, p, form, clock_hour, half, month_word, hour"
_PARTS = "['a', 'b', 'c', 'hour', 'minute', 'second', 'half', 'portuguese', 'offset']"
# As a timestamp of SQL has it: +00:00, +02:00.
_DIGITS = "rpad(coalesce(nullif(regexp_replace(p.offset, '[a-z:]', '', 'g'), ''), '+'), 5, '0')"
_OFFSET = f"left({_DIGITS}, 3) || ':' || right({_DIGITS}, 2)"

_MONTHS = 12
_ENOUGH = 100  # times among which a 24-hour clock shows an hour after noon
_WAY_OUT = (
    "Export a time that holds a day after the 12th, or with the month in words, or put such a file of the same site "
    "beside it."
)


@dataclass(frozen=True)
class _Evidence:
    """What the numeric dates of a file say: in how many only the first, or only the second number can be the day."""

    file: int
    first: int
    second: int
    with_dots: bool


def parse_times(
    staging: Staging, raw: str, out: str, *, english: Collection[int], timezones: Mapping[str, str]
) -> None:
    """Create the view `out`: `raw` with `Time` as text that is a timestamp of the site's own clock, if it is a time.

    Where it is not, letters are x and digits #: a row whose fields are shifted may have a name there. Notes say what
    the dates of a file leave open.

    Args:
        english: files, by index, whose columns have English titles.
        timezones: IANA name of each run's clock.

    Raises:
        SourceError: nothing tells a file's days from its months, or a spreadsheet has swapped them.
    """
    staging.sql(f"CREATE TABLE {out}_parts AS {_parts(raw)}")
    _refuse_swapped(staging, f"{out}_parts")
    by_file = [_Evidence(*row) for row in staging.sql(_EVIDENCE.format(parts=f"{out}_parts"))]
    day_first = {evidence.file: _day_first(staging, evidence, by_file, english) for evidence in by_file}
    staging.sql(
        f"CREATE VIEW {out} AS SELECT * EXCLUDE ({_ADDED}) "
        f'REPLACE ({_timestamp(day_first, timezones)} AS "Time") FROM {out}_parts'
    )
    _note_offsets(staging, f"{out}_parts")
    _note_halves(staging, f"{out}_parts")


def shape(text: str) -> str:
    """SQL: what a text looks like, with x for a letter and # for a digit: it can be read as no number and no time."""
    return rf"regexp_replace(regexp_replace({text}, '[^\s\d.,:/-]', 'x', 'g'), '\d', '#', 'g')"


def _parts(raw: str) -> str:
    """The SELECT of the rows with the parts of their times: as numbers `n`, in words `w`, with the month first `m`."""
    text = f"trim(regexp_replace(lower(strip_accents(\"Time\")), '{_SPACES}', ' ', 'g'))"
    month = "MAP {" + ", ".join(f"{quoted(name)}: {number}" for name, number in months().items()) + "}"
    return f"""
WITH texts AS (SELECT *, _id >> {FILE_BITS} AS file, {text} AS text FROM {raw}),
matched AS (
    SELECT *, regexp_extract(text, '{_NUMBERS}', {_PARTS}) AS n, regexp_extract(text, '{_WORDS}', {_PARTS}) AS w,
        regexp_extract(text, '{_MONTH_FIRST}', {_PARTS}) AS m FROM texts),
chosen AS (
    SELECT *, CASE WHEN n.c <> '' THEN n WHEN w.c <> '' THEN w ELSE m END AS p,
        CASE WHEN length(n.a) > 2 THEN 'iso' WHEN n.c <> '' THEN 'numbers'
            WHEN w.c <> '' OR m.c <> '' THEN 'words' END AS form
    FROM matched)
SELECT *, try_cast(p.hour AS INTEGER) AS clock_hour, p.half || left(p.portuguese, 1) AS half,
    CASE WHEN form = 'words' THEN {month}[CASE WHEN w.c <> '' THEN w.b ELSE m.a END] END AS month_word,
    CASE WHEN half = '' THEN clock_hour WHEN clock_hour BETWEEN 1 AND 12
        THEN clock_hour % 12 + CASE WHEN half IN ('p', 't') THEN 12 ELSE 0 END END AS hour
FROM chosen"""


_EVIDENCE = """
SELECT file, count(*) FILTER (first BETWEEN 13 AND 31 AND second <= 12),
    count(*) FILTER (second BETWEEN 13 AND 31 AND first <= 12), bool_and(contains(text[:5], '.'))
FROM (SELECT *, try_cast(n.a AS INTEGER) AS first, try_cast(n.b AS INTEGER) AS second FROM {parts})
WHERE form = 'numbers' GROUP BY file HAVING bool_or(first <> second) ORDER BY file"""


def _refuse_swapped(staging: Staging, parts: str) -> None:
    """Refuse a file that a spreadsheet with another order of day and month has opened and saved: it took what could be
    a date (all days up to the 12th) for one, and left the others as texts."""
    first, second, day = (f"try_cast(n.{part} AS INTEGER)" for part in "abc")
    for (file,) in staging.sql(
        f"SELECT file FROM {parts} WHERE form IN ('iso', 'numbers') GROUP BY file HAVING count(DISTINCT form) = 2 "
        f"AND bool_and(CASE form WHEN 'iso' THEN {day} <= {_MONTHS} ELSE greatest({first}, {second}) > {_MONTHS} END) "
        "ORDER BY file"
    ):
        raise SourceError(
            f"{staging.files[file].label} has days and months swapped",
            "its times up to the 12th of a month are date cells, the later ones are texts",
            "Excel has swapped days and months: export again and do not open it in Excel.",
        )


def _day_first(staging: Staging, evidence: _Evidence, by_file: Sequence[_Evidence], english: Collection[int]) -> bool:
    """Whether the first number is the day: dates that say otherwise than most are bad, and set aside as such."""
    label = staging.files[evidence.file].label
    if evidence.first != evidence.second:
        return evidence.first > evidence.second
    others = {other.first > other.second for other in by_file if other.first != other.second}
    if len(others) == 1:
        staging.notes.add(f"{label}: its dates leave open which number is the day; it is read as the other files are.")
        return others.pop()
    if not evidence.first and (evidence.with_dots or evidence.file not in english):
        staging.notes.add(f"{label}: its dates leave open which number is the day; its language puts the day first.")
        return True
    raise SourceError(f"{label} does not tell days from months", "its dates could be read either way", _WAY_OUT)


def _timestamp(day_first: Mapping[int, bool], timezones: Mapping[str, str]) -> str:
    listed = ", ".join(str(file) for file, first in day_first.items() if not first) or "-1"
    first = f"file NOT IN ({listed})"
    year, month, day = (
        f"CASE form WHEN 'iso' THEN n.{iso} WHEN 'words' THEN {words} ELSE {numbers} END"
        for iso, words, numbers in (
            ("a", "p.c", "n.c"),
            ("b", "month_word::VARCHAR", f"CASE WHEN {first} THEN n.b ELSE n.a END"),
            ("c", "CASE WHEN w.c <> '' THEN w.a ELSE m.b END", f"CASE WHEN {first} THEN n.a ELSE n.b END"),
        )
    )
    full = f"CASE length({year}) WHEN 2 THEN '20' || {year} WHEN 4 THEN {year} END"
    clock = "hour || ':' || p.minute || ':' || coalesce(nullif(p.second, ''), '00')"
    text = f"{full} || '-' || {month} || '-' || {day} || ' ' || {clock}"
    time = f"try_strptime({text}, '%Y-%m-%d %H:%M:%S')::VARCHAR"
    zone = "MAP {" + ", ".join(f"{quoted(run)}: {quoted(zone)}" for run, zone in timezones.items()) + "}[run]"
    local = f"timezone({zone}, try_cast({time} || {_OFFSET} AS TIMESTAMPTZ))::VARCHAR"
    return f"coalesce(CASE WHEN p.offset = '' THEN {time} ELSE {local} END, {_safe()})"


def _safe() -> str:
    """A text that is no time: a date in numbers as it stands, anything else by its shape."""
    return f"CASE WHEN form IN ('numbers', 'iso') THEN regexp_replace(text, '[a-z]', 'x', 'g') ELSE {shape('text')} END"


def _note_offsets(staging: Staging, parts: str) -> None:
    for (file,) in staging.sql(f"SELECT DISTINCT file FROM {parts} WHERE p.offset <> '' ORDER BY 1"):
        label = staging.files[file].label
        staging.notes.add(f"{label}: its times say how far they are from UTC, and are read on the site's clock.")


def _note_halves(staging: Staging, parts: str) -> None:
    silent = staging.sql(
        f"SELECT file FROM {parts} WHERE form IS NOT NULL GROUP BY file "
        f"HAVING count(*) >= {_ENOUGH} AND min(clock_hour) > 0 AND max(clock_hour) <= 12 AND max(half) = '' ORDER BY 1"
    )
    for (file,) in silent:
        label = staging.files[file].label
        staging.notes.add(f"{label}: no hour is above 12 and none has am or pm; its times may lack half of the day.")
