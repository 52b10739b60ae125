"""People's names, as different exports of one site write them: which are the same, exactly first and loosely last."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

ALIKE = 0.88  # of 1, the share of letters in common from which a name is taken for a misspelt other
CLEARLY = 0.06  # by so much the best match is better than the next, or it is none
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "ħ": "h"}
)


def exact(name: str) -> str:
    """A name without what is no part of it: case, kinds of space and of apostrophe."""
    text = unicodedata.normalize("NFKC", name).replace("’", "'").replace("`", "'")
    return " ".join(text.casefold().split())


def loose(name: str) -> str:
    """A name by its letters alone: without accents, hyphens, dots and apostrophes."""
    decomposed = unicodedata.normalize("NFKD", exact(name).translate(_LETTERS))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w\s]", lambda mark: " " if mark[0] in "-,_/" else "", plain).split())


def letters(name: str) -> str:
    """The loose name with its parts in order, so that it does not matter which comes first."""
    return " ".join(sorted(loose(name).split()))


def spellings(first: str, last: str) -> list[str]:
    """The ways in which a site may show a person, exactly: first or last name first, with a comma or without."""
    first, last = exact(first), exact(last)
    if not first or not last:
        return [first or last]
    return [f"{first} {last}", f"{last}, {first}", f"{last} {first}", f"{last},{first}"]


def match(listed: Mapping[int, list[str]], others: Mapping[str, Iterable[str]]) -> dict[int, list[str]]:
    """Who of the `others` each of the people `listed` is: nobody, one, or several of one name.

    A name that is equal comes first, then one that is equal in its letters, in any order of its parts, and only then
    one that is alike: there both must be each other's best, and clearly so.

    Args:
        listed: exact spellings by a number.
        others: exact spellings by an id.
    """
    matched: dict[int, list[str]] = {}
    for key in (lambda name: name, loose, letters):
        taken = {id_ for ids in matched.values() for id_ in ids}
        by_name: dict[str, list[str]] = {}
        for id_, names in others.items():
            for name in {key(name) for name in names} if id_ not in taken else ():
                by_name.setdefault(name, []).append(id_)
        for number, names in listed.items():
            if number not in matched:
                ids = sorted({id_ for name in names for id_ in by_name.get(key(name), [])})
                matched |= {number: ids} if ids else {}
    return matched | {number: [id_] for number, id_ in _alike(listed, others, matched).items()}


def _alike(
    listed: Mapping[int, list[str]], others: Mapping[str, Iterable[str]], matched: Mapping[int, list[str]]
) -> dict[int, str]:
    taken = {id_ for ids in matched.values() for id_ in ids}
    unmatched = {number: names for number, names in listed.items() if number not in matched}
    free = {id_: list(names) for id_, names in others.items() if id_ not in taken}
    likeness = {(n, id_): _likeness(unmatched[n], free[id_]) for n in unmatched for id_ in free}
    pairs = {}
    for (number, id_), score in likeness.items():
        rivals = [
            other for pair, other in likeness.items() if pair != (number, id_) and (pair[0] == number or pair[1] == id_)
        ]
        if score >= ALIKE and score - max(rivals, default=0.0) >= CLEARLY:
            pairs[number] = id_
    return pairs


def _likeness(first: Iterable[str], second: Iterable[str]) -> float:
    """Of two people's spellings the most alike, from 0 to 1; so is one without a middle name."""
    return max((_of_names(loose(a), loose(b)) for a in first for b in second), default=0.0)


def _of_names(first: str, second: str) -> float:
    parts, others = set(first.split()), set(second.split())
    if min(len(parts), len(others)) > 1 and (parts <= others or others <= parts):
        return (1 + ALIKE) / 2
    return SequenceMatcher(None, " ".join(sorted(parts)), " ".join(sorted(others))).ratio()
