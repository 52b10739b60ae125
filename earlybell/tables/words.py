"""What other programs write for unknown, for no date, for a number, and for an id that went by way of floating point.

A text means unknown by the type of its column: no number and no time is called NA. A text may be: Namibia's code is NA.
So a column of texts that may be empty takes what can be nothing else, and the words that its table names.
"""

from collections.abc import Sequence

from earlybell.tables.schema import Column

_EMPTY = ("", "NULL", "Null", "null", "NaN", "nan", "\\N", "<NA>", "N/A", "n/a", "#N/A", "NaT")  # in any column
_NO_VALUE = (  # if not a text
    *_EMPTY,
    *("NA", "na", "None", "none", "nil", "-", "--", "\N{EN DASH}", "\N{EM DASH}", ".", "?"),
)

# Regular expressions for a whole text, read alike by RE2 and by Python.
NO_DATE = "|".join(  # in MySQL, .NET, Unix (in any time zone) and spreadsheets; and what stands for never
    (
        *("0(\\.0+)?", "0000-00-00.*", "0001-01-01.*", "19(69-12-31|70-01-01).*"),
        *("1899-12-3[01].*", "1900-01-0[01].*", "9999-12-31.*", "-?infinity"),
    )
)
FLOATED = r"[0-9]{1,15}(\.0+)?"  # a double holds no more digits for sure
FLOATED_END = r"\.0+$"
UNIX = r"-?[0-9]{1,12}(\.[0-9]+)?"  # seconds; a thousand times more are milliseconds, and no time
_SPACE = "[ '\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]"
WRITTEN = (  # how a number is written that is not plain, and what stands between its thousands
    (r"-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+|-?[0-9]{1,3}(,[0-9]{3}){2,}", ","),
    (rf"-?[0-9]{{1,3}}({_SPACE}[0-9]{{3}})+([.,][0-9]+)?", _SPACE),
    (r"-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|-?[0-9]{1,3}(\.[0-9]{3}){2,}", r"\."),
    (r"-?[0-9]+,([0-9]{1,2}|[0-9]{4,})|-?(0|[0-9]{4,}),[0-9]+", " "),
)


def unknown_words(column: Column) -> Sequence[str]:
    """The texts that mean unknown in a column, without the spaces around them."""
    if column.type != "string":
        return _NO_VALUE
    return (*_EMPTY, *column.unknown) if column.nullable else ()
