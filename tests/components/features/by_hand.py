"""One learner of one course run, written by hand, and what a teacher reads of it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from components.features import feature_sql, find_catalogue
from tests.components.features.small import Row, Site, connect

_KEYS = {"course_id": "c", "learner_id": "l"}


@dataclass(frozen=True)
class Story:
    """A learner's course run; times are what the site's clock shows, as in `2026-03-02 18:40`.

    Attributes:
        joined: when the learner was enrolled; ends: of the course run; as_of: the moment that is looked at.
        breaks: first and last moment of each.
    """

    zone: str | None = None
    weekend: str | None = None
    start: str = "2026-03-02"  # a Monday
    ends: str | None = "2026-06-22"
    joined: str = "2026-02-20"
    as_of: str = "2026-03-30"
    granularity: str = "raw"
    breaks: tuple[tuple[str, str], ...] = ()
    prior_attempts: int | None = 0
    events: list[Row] = field(default_factory=list)
    assessments: list[Row] = field(default_factory=list)
    submissions: list[Row] = field(default_factory=list)
    extensions: list[Row] = field(default_factory=list)

    def at(self, shown: str, fold: int = 0) -> datetime:
        """The time in UTC at which the clock shows this, the second time if `fold`."""
        local = datetime.fromisoformat(shown).replace(tzinfo=ZoneInfo(self.zone or "UTC"), fold=fold)
        return local.astimezone(UTC).replace(tzinfo=None)

    def did(self, what: str, *times: str, count: int = 1, fold: int = 0) -> "Story":
        """With an event at each time; `what` is component, action and target, as the log has them."""
        component, action, target = what.split()
        words = {"component": component, "action": action, "target": target, "object_id": None, "count": count}
        rows = [_KEYS | words | {"occurred_at": self.at(time, fold)} for time in times]
        return replace(self, events=[*self.events, *rows])

    def asked(self, name: str, due: str | None, weight: float | None = 10.0, role: str = "none") -> "Story":
        """With a piece of work of up to 20 points."""
        row = {
            "assessment_id": name,
            "course_id": "c",
            "kind": "quiz",
            "role": role,
            "weight": weight,
            "max_score": 20.0,
        }
        return replace(self, assessments=[*self.assessments, row | {"due_at": due and self.at(due)}])

    def handed_in(
        self,
        name: str,
        at: str,
        score: float | None = None,
        graded: str | None = None,
        attempt: int = 1,
        minutes: float | None = None,
    ) -> "Story":
        row: dict[str, Any] = {"assessment_id": name, "learner_id": "l", "submitted_at": self.at(at), "score": score}
        row |= {"attempt": attempt, "duration_s": minutes and 60 * minutes, "graded_at": graded and self.at(graded)}
        return replace(self, submissions=[*self.submissions, row])

    def extended(self, name: str, due: str, granted: str) -> "Story":
        row = {"assessment_id": name, "learner_id": "l", "due_at": self.at(due), "granted_at": self.at(granted)}
        return replace(self, extensions=[*self.extensions, row])

    def features(self) -> dict[str, float | None]:
        """`days_seen` and each feature, None where it has no value."""
        cursor = connect(self._site()).execute(feature_sql())
        names = [column[0] for column in cursor.description or []]
        (row,) = cursor.fetchall()
        return dict(zip(names, row, strict=True))

    def says(self, name: str) -> str | None:
        """What a teacher reads of a feature; None where it has no value."""
        feature = next(feature for feature in find_catalogue().features if feature.name == name)
        value = self.features()[name]
        return None if value is None else feature.say(value)

    def _site(self) -> Site:
        course: Row = {"course_id": "c", "code": "c", "starts_at": self.at(self.start), "granularity": self.granularity}
        course |= {"ends_at": self.ends and self.at(self.ends), "timezone": self.zone, "weekend": self.weekend}
        enrolment = _KEYS | {"enrolled_at": self.at(self.joined), "unenrolled_at": None}
        breaks = [{"course_id": "c", "starts_at": self.at(a), "ends_at": self.at(b)} for a, b in self.breaks]
        tables: dict[str, list[Row]] = {"courses": [course]}
        tables |= {"enrolments": [enrolment | {"prior_attempts": self.prior_attempts}]}
        tables |= {"breaks": breaks, "events": self.events, "assessments": self.assessments}
        tables |= {"submissions": self.submissions, "extensions": self.extensions}
        return Site(tables, [("c", "l", self.at(self.as_of))])


def days(first: str, count: int, clock: str = "12:00", every: int = 1) -> list[str]:
    """Times at that clock on days from the first on."""
    start = datetime.fromisoformat(first)
    return [f"{start + timedelta(days=every * number):%Y-%m-%d} {clock}" for number in range(count)]
