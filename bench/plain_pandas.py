"""The features of the catalogue written plainly in pandas, as an analyst would: what ours are compared to.

Written from the catalogue's meanings, not from our expressions, so that where both agree both are right.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components.features.activity import CONTRIBUTIONS, KINDS

DAY = 86_400
WEEK = 7 * DAY
DEFAULT_WEEKS = 16
SESSION_GAP = 30 * 60

_KIND = {component: kind for kind, components in KINDS.items() for component in components}


def features(folder: Path, share: float) -> pd.DataFrame:
    """Features of everybody enrolled when `share` of their course run has passed.

    Returns:
        A row a learner and course run: course_id, learner_id, and a column a feature, NaN where it has no value.
    """
    calendar = _calendar(folder, share)
    known = calendar.join(_activity(calendar, folder)).join(_work(calendar, folder))
    return pd.concat([calendar[["course_id", "learner_id"]], _when(known), _what(known), _results(known)], axis=1)


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    single = folder / f"{name}.parquet"
    return pd.read_parquet(single if single.exists() else folder / name, columns=columns)


def _seconds(times: "pd.Series[Any]") -> "pd.Series[float]":
    return (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1)


def _calendar(folder: Path, share: float) -> pd.DataFrame:
    """A row a learner enrolled at the moment, with its times in seconds and the weeks of teaching so far."""
    courses = _read(folder, "courses", ["course_id", "starts_at", "ends_at", "granularity"])
    courses["start"] = _seconds(courses.starts_at)
    courses["finish"] = _seconds(courses.ends_at).fillna(courses.start + DEFAULT_WEEKS * WEEK)
    courses["now"] = courses.start + (courses.finish - courses.start) * share
    enrolments = _read(
        folder, "enrolments", ["course_id", "learner_id", "enrolled_at", "unenrolled_at", "prior_attempts"]
    )
    table = enrolments.merge(courses, on="course_id")
    table["joined"] = _seconds(table.enrolled_at)
    left = _seconds(table.unenrolled_at)
    table = table[(table.joined < table.now) & (left.isna() | (left >= table.now))].reset_index(drop=True)
    table["begin"] = table[["start", "joined"]].max(axis=1)
    table["weeks"] = (table.now - table.begin - _paused(table, folder)).clip(lower=DAY) / WEEK
    return table


def _paused(table: pd.DataFrame, folder: Path) -> "pd.Series[float]":
    """Seconds of holidays that each learner has had."""
    breaks = _read(folder, "breaks", ["course_id", "starts_at", "ends_at"])
    breaks = breaks.assign(off=_seconds(breaks.starts_at), on=_seconds(breaks.ends_at))
    both = table[["course_id", "begin", "now"]].reset_index().merge(breaks, on="course_id")
    both["paused"] = (both[["on", "now"]].min(axis=1) - both[["off", "begin"]].max(axis=1)).clip(lower=0)
    return both.groupby("index").paused.sum().reindex(table.index, fill_value=0.0)


def _activity(calendar: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Sums over each learner's events before the moment, by the calendar's index."""
    events = _events(calendar, folder)
    by = events.moment
    clicks, in_term, age = events["count"], events.in_term, events.now - events["at"]
    found = {
        "last_at": events["at"].groupby(by).max(),
        "first_at": events["at"][in_term].groupby(by).min(),
        "clicks": clicks[in_term].groupby(by).sum(),
        "clicks_7": clicks[age <= WEEK].groupby(by).sum(),
        "clicks_14": clicks[age <= 2 * WEEK].groupby(by).sum(),
        "clicks_28": clicks[age <= 4 * WEEK].groupby(by).sum(),
        "weekend_clicks": clicks[in_term & ((events.day + 3) % 7 >= 5)].groupby(by).sum(),
        "forum_posts": clicks[in_term & (events.kind == "forum") & events.contributes].groupby(by).sum(),
        "kinds_28": events[age <= 4 * WEEK].groupby("moment").kind.nunique(),
        "active_days": _distinct(events[in_term], "day"),
        "active_days_7": _distinct(events[age <= WEEK], "day"),
        "active_days_28": _distinct(events[age <= 4 * WEEK], "day"),
        "active_days_before": _distinct(events[~in_term], "day"),
        "active_weeks": _distinct(events[in_term], "week"),
    }
    of_kind = events[in_term].groupby(["moment", "kind"], observed=True)["count"].sum().unstack()
    return pd.DataFrame(found | _pauses(events)).join(of_kind.reindex(columns=list(KINDS)))


def _events(calendar: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The events before the moment of their learner, by learner and time."""
    events = _read(folder, "events", ["course_id", "learner_id", "occurred_at", "component", "action", "count"])
    keys = calendar[["course_id", "learner_id", "now", "start"]].rename_axis("moment").reset_index()
    events = events.merge(keys, on=["course_id", "learner_id"])
    events["at"] = _seconds(events.occurred_at)
    events = events[events["at"] < events.now].sort_values(["moment", "at"], ignore_index=True)
    events["in_term"] = events["at"] >= events.start
    events["day"] = events["at"] // DAY
    events["week"] = (events["at"] - events.start) // WEEK
    events["kind"] = events.component.map(_KIND).astype("category")
    events["contributes"] = events.action.isin(CONTRIBUTIONS)
    return events


def _distinct(events: pd.DataFrame, column: str) -> "pd.Series[Any]":
    """How many different values each learner has."""
    return events[["moment", column]].drop_duplicates().groupby("moment").size()


def _pauses(events: pd.DataFrame) -> dict[str, Any]:
    """Absences and sessions since the start: from the time between each event and the one before it."""
    term = events[events.in_term]
    pause = term.groupby("moment")["at"].diff()
    goes_on = pause <= SESSION_GAP
    days = term[["moment", "day"]].drop_duplicates()
    gaps = days.groupby("moment").day.diff()
    return {
        "longest_pause": pause.groupby(term.moment).max(),
        "gap_deviation": gaps.groupby(days.moment).std(ddof=0),
        "sessions": (~goes_on).groupby(term.moment).sum(),
        "session_seconds": pause[goes_on].groupby(term.moment).sum(),
    }


def _work(calendar: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Sums over each learner's work, by the calendar's index."""
    pieces = _pieces(calendar, folder)
    by, weight, share, answered = pieces.moment, pieces.weight, pieces.share, pieces.first_at.notna()
    missed = pieces.is_due & ~answered
    delay = (pieces.first_at - pieces.due) / DAY
    graded = pieces[share.notna() & pieces.due.notna()].sort_values(["moment", "due", "share"])
    last_due = pieces[pieces.is_due].groupby("moment").due.max()
    last_met = pieces[pieces.is_due & answered].groupby("moment").due.max()
    return pd.DataFrame(
        {
            "due_works": pieces.is_due.groupby(by).sum(),
            "missed": missed.groupby(by).sum(),
            "weight_due": weight[pieces.is_due].groupby(by).sum(),
            "weight_missed": weight[missed].groupby(by).sum(),
            "missed_last": (last_due > last_met.reindex(last_due.index, fill_value=-1)).astype(float),
            "handed_in": answered.groupby(by).sum(),
            "late": (delay > 0).groupby(by).sum(),
            "ahead": (answered & (pieces.due >= pieces.now)).groupby(by).sum(),
            "delay": delay.groupby(by).mean(),
            "attempts": pieces.attempts[answered].groupby(by).mean(),
            "seconds": pieces.seconds.groupby(by).mean(),
            "mean_share": share.groupby(by).mean(),
            "lowest_share": share.groupby(by).min(),
            "last_share": graded.groupby("moment").share.last(),
            "points": (weight * share).groupby(by).sum(),
            "points_asked": weight[share.notna() | missed].groupby(by).sum(),
            "pre_test": share[pieces.role == "pre_test"].groupby(by).mean(),
            "post_test": share[pieces.role == "post_test"].groupby(by).mean(),
            "banked_share": pieces.banked_share.groupby(by).mean(),
        }
    )


def _pieces(calendar: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """A row a learner and assessment of the course: its deadline for this learner, and the answer so far."""
    keys = calendar[["course_id", "learner_id", "now", "joined"]].rename_axis("moment").reset_index()
    asked = _read(folder, "assessments", ["assessment_id", "course_id", "role", "due_at", "weight", "max_score"])
    pieces = keys.merge(asked, on="course_id")
    of = ["moment", "assessment_id"]
    pieces = pieces.merge(_granted(pieces, folder), how="left", on=of).merge(
        _answers(pieces, folder), how="left", on=of
    )
    pieces["due"] = _seconds(pieces.own_due.fillna(pieces.due_at))
    pieces["weight"] = pieces.weight.fillna(0.0)
    new = pieces.banked.fillna(0) == 0
    pieces["is_due"] = (pieces.due < pieces.now) & (pieces.due >= pieces.joined) & new
    return pieces


def _granted(pieces: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The latest deadline that was granted before the moment."""
    own = _read(folder, "extensions", ["assessment_id", "learner_id", "due_at", "granted_at"])
    own = own.merge(pieces[["moment", "assessment_id", "learner_id", "now"]], on=["assessment_id", "learner_id"])
    own = own[_seconds(own.granted_at) < own.now]
    return own.groupby(["moment", "assessment_id"], as_index=False).agg(own_due=("due_at", "max"))


def _answers(pieces: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """What was handed in before the moment."""
    columns = ["assessment_id", "learner_id", "submitted_at", "graded_at", "attempt", "score", "duration_s"]
    made = _read(folder, "submissions", columns)
    keys = pieces[["moment", "assessment_id", "learner_id", "now", "max_score"]]
    made = made.merge(keys, on=["assessment_id", "learner_id"])
    made["at"] = _seconds(made.submitted_at)
    made = made[made["at"] < made.now]
    made["share"] = (made.score / made.max_score.replace(0, np.nan)).where(_seconds(made.graded_at) < made.now)
    of = ["moment", "assessment_id"]
    own, banked = made[made.attempt > 0].groupby(of), made[made.attempt == 0].groupby(of)
    return pd.DataFrame(
        {
            "first_at": own["at"].min(),
            "share": own.share.max(),
            "attempts": own.size(),
            "seconds": own.duration_s.sum(min_count=1),
            "banked": banked.size(),
            "banked_share": banked.share.max(),
        }
    ).reset_index()


def _when(known: pd.DataFrame) -> pd.DataFrame:
    raw = known.granularity == "raw"
    recent, before = known.clicks_14.fillna(0), known.clicks_28.fillna(0) - known.clicks_14.fillna(0)
    since = (known.now - known.last_at.fillna(known.begin)).clip(lower=0) / DAY
    first = (known.first_at - known.begin) / DAY
    return pd.DataFrame(
        {
            "progress": (known.now - known.start).clip(lower=0) / (known.finish - known.start).clip(lower=DAY),
            "days_enrolled_before_start": (known.start - known.joined) / DAY,
            "prior_attempts": known.prior_attempts,
            "days_since_activity": since,
            "active_days_per_week": known.active_days.fillna(0) / known.weeks,
            "active_days_last_7": known.active_days_7.fillna(0),
            "active_days_last_28": known.active_days_28.fillna(0),
            "active_days_before_start": known.active_days_before.fillna(0),
            "active_weeks_share": (known.active_weeks.fillna(0) / known.weeks.clip(lower=1)).clip(upper=1),
            "longest_gap_days": pd.concat([since, first, known.longest_pause / DAY], axis=1).max(axis=1),
            "gap_deviation_days": known.gap_deviation,
            "activity_trend": np.log((recent + 1) / (before + 1)),
            "weekend_share": known.weekend_clicks.fillna(0) / known.clicks,
            "sessions_per_week": (known.sessions.fillna(0) / known.weeks).where(raw),
            "minutes_per_session": (known.session_seconds.fillna(0) / 60 / known.sessions).where(raw),
            "mean_delay_days": known.delay,
            "late_share": _ratio(known.late, known.handed_in),
        }
    )


def _what(known: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{f"{kind}_per_week": known[kind].fillna(0) / known.weeks for kind in KINDS},
            "clicks_per_week": known.clicks.fillna(0) / known.weeks,
            "clicks_last_7": known.clicks_7.fillna(0),
            "clicks_last_28": known.clicks_28.fillna(0),
            "kinds_used_last_28": known.kinds_28.fillna(0),
            "forum_posts": known.forum_posts.fillna(0),
        }
    )


def _results(known: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "missed_work": known.missed.fillna(0),
            "missed_share": _ratio(known.missed, known.due_works),
            "missed_weight_share": _ratio(known.weight_missed.fillna(0), known.weight_due),
            "missed_last": known.missed_last,
            "handed_in_ahead": known.ahead.fillna(0),
            "attempts_per_work": known.attempts,
            "minutes_per_work": known.seconds.where(known.granularity == "raw") / 60,
            "mean_score": 100 * known.mean_share,
            "lowest_score": 100 * known.lowest_share,
            "last_score": 100 * known.last_share,
            "score_change": 100 * (known.last_share - known.mean_share),
            "points_share": _ratio(known.points.fillna(0), known.points_asked),
            "pre_test_score": 100 * known.pre_test,
            "post_test_score": 100 * known.post_test,
            "test_gain": 100 * (known.post_test - known.pre_test),
            "banked_score": 100 * known.banked_share,
        }
    )


def _ratio(part: "pd.Series[Any]", whole: "pd.Series[Any]") -> "pd.Series[float]":
    return part / whole.replace(0, np.nan)
