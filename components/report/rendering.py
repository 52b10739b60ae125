"""The templates of the report and of the model card, and how they write figures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from components.report.words import as_metric, count, cutoff_title, cutoff_words, of_hundred, percent, ranged


def templates() -> Environment:
    """The templates, with filters that write figures; what goes into HTML is escaped."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(_FILTERS)
    return found


_FILTERS: dict[str, Callable[..., Any]] = {
    "as_metric": as_metric,
    "at": cutoff_words,
    "count": count,
    "cutoff": cutoff_title,
    "hundred": lambda share: round(100 * share),
    "of_hundred": of_hundred,
    "percent": percent,
    "ranged": ranged,
}
