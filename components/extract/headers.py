"""What may stand before the header of a CSV file: empty lines, and Excel's statement of what separates texts."""

import re
from collections.abc import Iterable

_STATEMENT = re.compile(r'"?sep=(.)"?\1*', re.IGNORECASE)
_NOTHING = ' ,;\t\r\n"\N{NO-BREAK SPACE}'  # a spreadsheet separates empty cells, too


def is_before_header(line: str) -> bool:
    """Whether a line is empty, or states what separates texts, as `sep=;`."""
    return not line.strip(_NOTHING) or _matched(line) is not None


def stated_delimiter(lines: Iterable[str]) -> str | None:
    """What separates texts by the lines before a header; None where they do not say."""
    return next((matched[1] for matched in map(_matched, lines) if matched), None)


def _matched(line: str) -> re.Match[str] | None:
    return _STATEMENT.fullmatch(line.rstrip("\r\n"))
