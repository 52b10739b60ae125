"""The sentences of Moodle's column Description, as `sentences.yaml` lists them: whose act one is, as SQL expressions.

All take the name of a column of texts; a null or empty text names nobody.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from earlybell.tables.sql import quoted


def subject(column: str) -> str:
    """The id of the first user of a sentence, as text; null where it names none."""
    return _extracted(column, _data()["subject"])


def is_about_another(column: str) -> str:
    """Whether the first user of a sentence does nothing in it."""
    return _matches(column, "about_another")


def actor_named_last(column: str) -> str:
    """The id of who acts, where a sentence says `by the user with id`; else null."""
    return _extracted(column, _data()["by"])


def second_user(column: str) -> str:
    """The id of the second user of a sentence; null where there is none."""
    return f"regexp_extract_all({column}, {quoted(_data()['user'])}, 1)[2]"


def course_number(column: str) -> str:
    """The id of the course of a sentence, as text; null where it names none."""
    return _extracted(column, _data()["course"])


def is_staff_act(column: str) -> str:
    """Whether only staff do such a thing."""
    return _matches(column, "staff")


def is_learner_act(column: str) -> str:
    """Whether only learners do such a thing."""
    return _matches(column, "learner")


def enrolment_change(column: str) -> str:
    """`enrolled` or `unenrolled`, of somebody by anybody; null for any other sentence."""
    enrolled, unenrolled = (quoted(_data()[name]) for name in ("enrolled", "unenrolled"))
    text = f"coalesce({column}, '')"
    return (
        f"CASE WHEN regexp_matches({text}, {unenrolled}) THEN 'unenrolled' "
        f"WHEN regexp_matches({text}, {enrolled}) THEN 'enrolled' END"
    )


def _extracted(column: str, pattern: str) -> str:
    return f"nullif(regexp_extract({column}, {quoted(pattern)}, 1), '')"


def _matches(column: str, kind: str) -> str:
    pattern = "|".join(f"(?:{entry['pattern']})" for entry in _data()[kind])
    return f"regexp_matches(coalesce({column}, ''), {quoted(pattern)})"


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8"))
    return loaded
