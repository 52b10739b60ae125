"""Whose act each row of a log is: by the export's columns first, and by the sentence in Description last."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from components.extract.moodle_log import words
from components.extract.moodle_log.names import loose

NOBODY = ("", "-")
GUEST_ID = "1"  # Moodle's own, of every site
_NAME_AND_WORD, _FULL_NAME_AND_WORD = 2, 3  # words before the name of somebody as whom another is logged in

LOGGED_IN_AS, DELETED, GUEST, SEVERAL, NOBODYS = "logged in as", "deleted", "guest", "several", "nobody"


@dataclass(frozen=True)
class Wording:
    """What rows of one kind say of who acts; `rows` counts them.

    Attributes:
        run: the folder of the course run.
        name, affected: the columns User full name and Affected user, exactly; "" or "-": nobody.
        subject: id of the first user of the sentence, if any; `about_another`: they do nothing in it.
        named_last: id of the user that the sentence names as the one who acts, if it does so at its end.
    """

    run: str
    name: str
    affected: str
    subject: str | None
    about_another: bool
    named_last: str | None
    rows: int


@dataclass(frozen=True)
class Actor:
    """Who acts, by id or, where no row states theirs, by name; or why nobody does whose act could count."""

    id: str | None
    cause: str | None = None


class Log:
    """What the rows of a log, all runs together, say of people.

    Args:
        listed: names, exactly, of people whom other reports list.
    """

    def __init__(self, wordings: Sequence[Wording], listed: Collection[str]) -> None:
        self._wordings, self._listed = wordings, set(listed)
        self._named_runs = {w.run for w in wordings if w.name not in NOBODY}

    def actors(self) -> Iterator[tuple[Wording, Actor]]:
        """Each wording with who acts."""
        return ((wording, self._actor(wording)) for wording in self._wordings)

    def id_of(self, run: str, name: str) -> str | None:
        """The id of the one person of a name in a run; None where nobody or several have it."""
        ids = self._ids_in_run.get((run, name)) or self._ids.get(name, set())
        return min(ids) if len(ids) == 1 else None

    def _actor(self, w: Wording) -> Actor:
        if w.name in NOBODY:
            return self._of_nameless(w)
        if self._is_as_another(w.name, w.subject):
            return Actor(None, LOGGED_IN_AS)
        if loose(w.name) in words.plain_words("guest") or self._own_id(w) == GUEST_ID:
            return Actor(None, GUEST)
        if own := self._own_id(w):
            return Actor(own)
        ids = self._ids_in_run.get((w.run, w.name)) or self._ids.get(w.name) or {w.name}
        return Actor(min(ids)) if len(ids) == 1 else Actor(None, SEVERAL)

    def _of_nameless(self, w: Wording) -> Actor:
        """A dash stands for a user who is no more, or for everybody in an export without names."""
        id_ = w.named_last or (None if w.about_another else w.subject)
        if id_ is None or int(id_) <= 0:
            return Actor(None, NOBODYS)
        if w.run in self._named_runs and id_ not in self._usual:
            return Actor(None, DELETED)
        return Actor(None, GUEST) if id_ == GUEST_ID else Actor(id_)

    def _own_id(self, w: Wording) -> str | None:
        """The id that the sentence states of who acts, if it does not contradict the columns."""
        if w.named_last:
            return w.named_last
        if w.subject is None or w.about_another or int(w.subject) <= 0:
            return None
        if self._usual.get(w.subject) == w.name:
            return w.subject
        known_otherwise = self._ids.get(w.name, {w.subject}) != {w.subject}
        of_affected = self._ids.get(w.affected, {w.subject}) if w.affected not in (*NOBODY, w.name) else set()
        return None if known_otherwise or w.subject in of_affected else w.subject

    @cached_property
    def _pairs(self) -> Counter[tuple[str, str]]:
        """How often a name stands beside the id of who acts, where nothing speaks against both being one person."""
        pairs: Counter[tuple[str, str]] = Counter()
        for w in self._wordings:
            plainly = not w.about_another and w.affected in (*NOBODY, w.name)
            id_ = w.named_last or (w.subject if plainly else None)
            if id_ and int(id_) > 0 and w.name not in NOBODY and not self._is_as_another(w.name, w.subject):
                pairs[w.name, id_] += w.rows
        return pairs

    @cached_property
    def _usual(self) -> dict[str, str]:
        """The usual name of each id."""
        by_id: dict[str, Counter[str]] = defaultdict(Counter)
        for (name, id_), rows in self._pairs.items():
            by_id[id_][name] += rows
        return {id_: min(names, key=lambda name: (-names[name], name)) for id_, names in by_id.items()}

    @cached_property
    def _ids(self) -> dict[str, set[str]]:
        """The ids of each name: those of which it is the usual name, else the one that it stood beside.

        A name that stood beside several others' ids is of somebody who acts on them, and whose id is not known.
        """
        usual: dict[str, set[str]] = defaultdict(set)
        own_names = {*self._usual.values()}
        for id_, name in self._usual.items():
            usual[name].add(id_)
        for name, id_ in self._pairs:
            usual.setdefault(name, set())
            if not any(self._usual[other] == name for other in usual[name]):
                usual[name].add(id_)
        return {name: ids if len(ids) == 1 or name in own_names else set() for name, ids in usual.items()}

    @cached_property
    def _ids_in_run(self) -> dict[tuple[str, str], set[str]]:
        ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        for w in self._wordings:
            id_ = w.named_last or w.subject
            if id_ in self._ids.get(w.name, ()):
                ids[w.run, w.name].add(str(id_))
        return ids

    @cached_property
    def _plain_names(self) -> set[str]:
        """Names that stand for themselves: of affected users, of people listed, and every one without the words."""
        affected = {w.affected for w in self._wordings} - {*NOBODY}
        plainly = {w.name for w in self._wordings if not list(_halves(w.name))} - {*NOBODY}
        return self._listed | affected | plainly

    @cached_property
    def _names_of(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        for w in self._wordings:
            if w.subject and not w.about_another:
                names[w.subject].add(w.name)
        return names

    def _is_as_another(self, name: str, subject: str | None) -> bool:
        """Whether a name is two: somebody's, and the one's as whom they were logged in, with words between."""
        if name in self._listed:
            return False
        if any({first, second} & self._plain_names or "-" in (first, second) for first, second in _halves(name)):
            return True
        own = self._names_of.get(subject or "", set()) - {name}
        listed = [end for end in _ends_of(name, self._listed) if " " in end]
        if subject and any(_ends_with(name, other, _FULL_NAME_AND_WORD) for other in listed):
            return True
        return any(_ends_with(name, other) for other in own) or any(
            _ends_with(name, other) and any(name.startswith(f"{first} ") for first in self._plain_names - {name})
            for other in _ends_of(name, self._plain_names)
        )


def _halves(name: str) -> Iterator[tuple[str, str]]:
    """The name before and after words that mean `logged in as`."""
    for word in words.plain_words("logged_in_as"):
        first, between, second = name.partition(f" {word} ")
        if between:
            yield first, second


def _ends_of(name: str, names: Collection[str]) -> list[str]:
    parts = name.split()
    return [end for start in range(1, len(parts)) if (end := " ".join(parts[start:])) in names]


def _ends_with(name: str, other: str, least: int = _NAME_AND_WORD) -> bool:
    """Whether a name ends with another, and what stands before are a name and a word at least."""
    before = name.removesuffix(f" {other}")
    return before != name and len(before.split()) >= least
