"""The words of Moodle's reports in several languages, as `words.yaml` lists them, in Moodle's own terms."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TOTAL = "Course total"


def plain(text: str) -> str:
    """A word or title without what does not matter: case, accents, kinds of apostrophe and space, an end's dot."""
    letters = "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
    return " ".join(re.sub(r"[._\s]+", " ", letters.replace("’", "'")).casefold().split())


@cache
def titles(report: str) -> Mapping[str, str]:
    """Our name of each column of a report (log, grades, participants), by its plain title in any language, or by what
    a JSON download makes of the title."""
    names = _in_json(report) | _meanings(report)
    shown = {
        plain(f"{title} ({display})"): f"{name} ({kind})" if kind else name
        for title, name in names.items()
        if name == TOTAL
        for kind, displays in _words()["displays"].items()
        for display in (kind, *displays)
        if display
    }
    return names | shown


def is_total(title: str) -> bool:
    """Whether a grade book's column is the course total, however it is displayed."""
    return _meanings("grades").get(plain(title.split("(")[0])) == TOTAL


def is_student(roles: str, otherwise: bool | None) -> bool | None:
    """Whether a participant's roles, in any language, are a learner's alone; `otherwise` where there are none."""
    plain_roles = {plain(role) for role in roles.split(",")} - {""} - plain_words("no_roles")
    return plain_roles <= plain_words("student") if plain_roles else otherwise


@cache
def plain_words(kind: str) -> frozenset[str]:
    """The plain words of a list, in all languages: logged_in_as, guest, site, site_before_colon."""
    return frozenset(map(plain, _words()[kind]))


@cache
def months() -> dict[str, int]:
    """The month, from 1, of every plain name and of every beginning of three letters or more that is of one only."""
    numbers_of: dict[str, set[int]] = {}
    for number, names in enumerate(_words()["months"], 1):
        for name in map(plain, names):
            for length in range(3, len(name) + 1):
                numbers_of.setdefault(name[:length], set()).add(number)
    return {name: min(numbers) for name, numbers in numbers_of.items() if len(numbers) == 1}


def course_of(context: str) -> str:
    """The course's name in an event's context, as `Course: Statistics`; empty where the context is none."""
    before, colon, name = context.partition(":")
    return name.strip() if colon and plain(before) in plain_words("course") else ""


def component(title: str, module: str) -> str | None:
    """Moodle's component of a title in the report, or of the module that a description names; None: neither known."""
    return _meanings("components").get(plain(title)) or (f"mod_{module}" if module else None)


def act(name: str, verb: str) -> tuple[str, str] | None:
    """Action and target of an event's name, or the verb of its description alone; None: neither is known."""
    if meaning := _meanings("events").get(plain(name)):
        action, target = meaning.split()
        return action, target
    *subject, last = plain(name).split() or [""]
    if subject and last.isascii() and last.endswith("ed"):
        return last, "_".join(subject)
    return (verb, "other") if verb else None


@cache
def _meanings(kind: str) -> dict[str, str]:
    words = _words()[kind].items()
    return {plain(word): meaning for meaning, others in words for word in (meaning, *others)}


def _in_json(report: str) -> dict[str, str]:
    """Our names by what is left of titles in JSON: letters and digits without accents, in lower case."""
    titles_of = {name: (name, *others) for name, others in _words()[report].items()}
    return {
        re.sub(r"[^A-Za-z0-9-]", "", title).lower(): name
        for name, spellings in titles_of.items()
        for title in spellings
    }


@cache
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return loaded
