"""The features of the catalogue written plainly in pandas, as an analyst would: what ours are compared to.

Written from the catalogue's meanings, not from our expressions, so that where both agree both are right.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components.features.acts import BY_PRODUCTS, COURSE_PAGES, KINDS, POSTS
from earlybell.tables.schema import DEFAULT_TIMEZONE, DEFAULT_WEEKEND, WEEKDAYS

DAY = 86_400
WEEK = 7 * DAY
DEFAULT_WEEKS = 16
SESSION_GAP = 30 * 60

_RECORDS = ["complete_from", "complete_until"]
_KIND = {component: kind for kind, components in KINDS.items() for component in components}


def features(folder: Path, share: float) -> pd.DataFrame:
    """Features of everybody enrolled when `share` of their course run has passed.

    Returns:
        A row a learner and course run: course_id, learner_id, days_seen, and a column a feature, NaN where it has no
        value.
    """
    holidays = _holidays(folder)
    calendar = _calendar(folder, share, holidays)
    table = calendar.join(_activity(calendar, folder, holidays)).join(_work(calendar, folder))
    return pd.concat(
        [calendar[["course_id", "learner_id", "days_seen"]], _when(table), _what(table), _results(table)], axis=1
    )


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    single = folder / f"{name}.parquet"
    return pd.read_parquet(single if single.exists() else folder / name, columns=columns)


def _seconds(times: "pd.Series[Any]") -> "pd.Series[float]":
    return (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1)


def _days(times: "pd.Series[Any]", zones: "pd.Series[Any]") -> "pd.Series[Any]":
    """The site's day of each time in UTC, counted from 1970: `zones` name the clock of each."""
    return _shown(times, zones) // DAY


def _shown(times: "pd.Series[Any]", zones: "pd.Series[Any]") -> "pd.Series[float]":
    """What the site's clock shows, in seconds from 1970."""
    shown = [
        _seconds(of_zone.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None))
        for zone, of_zone in times.groupby(zones.to_numpy())
    ]
    return pd.concat(shown).reindex(times.index) if shown else _seconds(times)


def _courses(folder: Path) -> pd.DataFrame:
    columns = ["course_id", "starts_at", "ends_at", "granularity", "timezone", "weekend", *_RECORDS]
    courses = _read(folder, "courses", columns)
    courses["zone"] = courses.timezone.fillna(DEFAULT_TIMEZONE)
    courses["off_days"] = courses.weekend.fillna(DEFAULT_WEEKEND)
    courses["raw"] = courses.granularity == "raw"
    courses["start"] = _seconds(courses.starts_at)
    courses["start_day"] = _days(courses.starts_at, courses.zone)
    courses["finish"] = _seconds(courses.ends_at).fillna(courses.start + DEFAULT_WEEKS * WEEK)
    return courses


def _holidays(folder: Path) -> pd.DataFrame:
    """A row a course run and day that is a holiday: its noon lies in a break."""
    breaks = _read(folder, "breaks", ["course_id", "starts_at", "ends_at"])
    breaks = breaks.merge(_courses(folder)[["course_id", "zone", "start_day"]], on="course_id")
    breaks["first"] = np.ceil((_shown(breaks.starts_at, breaks.zone) - DAY / 2) / DAY)
    breaks["until"] = np.ceil((_shown(breaks.ends_at, breaks.zone) - DAY / 2) / DAY)
    spans = zip(breaks.course_id, breaks.start_day.astype(float), breaks["first"], breaks.until, strict=True)
    rows = [
        (course, day, (day - start) // 7) for course, start, first, until in spans for day in np.arange(first, until)
    ]
    return pd.DataFrame(rows, columns=["course_id", "day", "week"]).drop_duplicates()


def _weeks_off(holidays: pd.DataFrame) -> pd.DataFrame:
    """A row a course run and week of which all seven days are holidays."""
    counts = holidays.groupby(["course_id", "week"], as_index=False).size()
    return counts.loc[counts["size"] == 7, ["course_id", "week"]]


def _calendar(folder: Path, share: float, holidays: pd.DataFrame) -> pd.DataFrame:
    """A row a learner enrolled at the moment, with its times in seconds and the days and weeks of teaching so far."""
    courses = _courses(folder)
    courses["now"] = courses.start + (courses.finish - courses.start) * share
    before = pd.to_datetime(courses.now, unit="s") - pd.Timedelta(microseconds=1)
    courses["last_day"] = (_shown(before, courses.zone) - np.where(courses.raw, 0, DAY - 1)) // DAY
    enrolments = _read(
        folder, "enrolments", ["course_id", "learner_id", "enrolled_at", "unenrolled_at", "prior_attempts"]
    )
    table = enrolments.merge(courses, on="course_id")
    table["joined"] = _seconds(table.enrolled_at)
    left = _seconds(table.unenrolled_at)
    since, until = (_seconds(table[name]) for name in _RECORDS)
    whole = (since.isna() | (table.now > since)) & (until.isna() | (table.now <= until))
    table = table[whole & (table.joined < table.now) & (left.isna() | (left >= table.now))].reset_index(drop=True)
    table["begin"] = table[["start", "joined"]].max(axis=1)
    table["begin_day"] = _days(table[["starts_at", "enrolled_at"]].max(axis=1), table.zone)
    table["days_seen"] = _seen(table, table.begin_day, table.last_day, holidays.rename(columns={"day": "off"}))
    first, last = ((day - table.start_day) // 7 for day in (table.begin_day, table.last_day))
    table["weeks_seen"] = _seen(table, first, last, _weeks_off(holidays).rename(columns={"week": "off"}))
    return table


def _seen(
    table: pd.DataFrame, first: "pd.Series[Any]", last: "pd.Series[Any]", off: pd.DataFrame
) -> "pd.Series[float]":
    """How many days, or weeks, from `first` to `last` are not `off`."""
    both = pd.DataFrame({"course_id": table.course_id, "first": first, "last": last}).reset_index()
    both = both.merge(off[["course_id", "off"]], on="course_id")
    taken = both[(both.off >= both["first"]) & (both.off <= both["last"])].groupby("index").size()
    return (last - first + 1 - taken.reindex(table.index, fill_value=0)).clip(lower=0)


def _activity(calendar: pd.DataFrame, folder: Path, holidays: pd.DataFrame) -> pd.DataFrame:
    """Sums over each learner's events before the moment, by the calendar's index."""
    events = _events(calendar, folder, holidays)
    by = events.moment
    clicks, in_term, age = events["clicks"], events.in_term, events.last_day - events.day
    taught = in_term & events.taught
    last_7, last_14, last_28 = ((age >= 0) & (age < days) for days in (7, 14, 28))
    sums = {
        "last_at": events["at"].groupby(by).max(),
        "first_at": events["at"][in_term].groupby(by).min(),
        "clicks": clicks[taught].groupby(by).sum(),
        "clicks_in_term": clicks[in_term].groupby(by).sum(),
        "clicks_7": clicks[last_7].groupby(by).sum(),
        "clicks_14": clicks[last_14].groupby(by).sum(),
        "clicks_28": clicks[last_28].groupby(by).sum(),
        "weekend_clicks": clicks[in_term & events.at_weekend].groupby(by).sum(),
        "forum_posts": clicks[(events.kind == "forum") & events.posts].groupby(by).sum(),
        "kinds_28": events[last_28].groupby("moment").kind.nunique(),
        "active_days": _distinct(events[taught], "day"),
        "active_days_7": _distinct(events[last_7], "day"),
        "active_days_28": _distinct(events[last_28], "day"),
        "active_days_before": _distinct(events[events.day < events.start_day], "day"),
        "active_weeks": _distinct(events[in_term & events.counts], "week"),
    }
    of_kind = events[taught].groupby(["moment", "kind"], observed=True)["clicks"].sum().unstack()
    return pd.DataFrame(sums | _pauses(events)).join(of_kind.reindex(columns=list(KINDS)))


def _events(calendar: pd.DataFrame, folder: Path, holidays: pd.DataFrame) -> pd.DataFrame:
    """The events before the moment of their learner, by learner and time."""
    columns = ["course_id", "learner_id", "occurred_at", "component", "action", "target", "count"]
    events = _read(folder, "events", columns)
    keys = ["course_id", "learner_id", "now", "start", "start_day", "begin_day", "last_day", "zone", "off_days"]
    events = events.merge(calendar[keys].rename_axis("moment").reset_index(), on=["course_id", "learner_id"])
    events["at"] = _seconds(events.occurred_at)
    events = events[events["at"] < events.now].sort_values(["moment", "at"], ignore_index=True)
    events["day"] = _days(events.occurred_at, events.zone)
    events["week"] = (events.day - events.start_day) // 7
    events["in_term"] = (events.day >= events.begin_day) & (events.day <= events.last_day)
    events["taught"] = ~_among(events[["course_id", "day"]], holidays[["course_id", "day"]])
    events["counts"] = ~_among(events[["course_id", "week"]], _weeks_off(holidays))
    events["at_weekend"] = _at_weekend(events)
    words = events.action + " " + events.target
    own = ~words.isin([f"{rule.action} {rule.target}" for rule in BY_PRODUCTS])
    events["clicks"] = events["count"].where(own, 0)
    events["posts"] = words.isin([f"created {target}" for target in POSTS])
    other_page = (events.component == "core") & ~words.isin([f"viewed {page}" for page in COURSE_PAGES])
    events["kind"] = events.component.map(_KIND).where(own & ~other_page).astype("category")
    return events


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> "pd.Series[bool]":
    merged = rows.merge(others.assign(there=True), how="left", on=list(rows.columns))
    return merged.there.eq(True)


def _at_weekend(events: pd.DataFrame) -> "pd.Series[bool]":
    weekday = ((events.day + 3) % 7).astype(int)  # 1 January 1970 was a Thursday
    weekend = pd.Series(False, index=events.index)
    for text, rows in events.groupby("off_days"):
        numbers = [number for number, name in enumerate(WEEKDAYS) if name in str(text).split(",")]
        weekend[rows.index] = weekday[rows.index].isin(numbers)
    return weekend


def _distinct(events: pd.DataFrame, column: str) -> "pd.Series[Any]":
    """How many different values each learner has."""
    return events[["moment", column]].drop_duplicates().groupby("moment").size()


def _pauses(events: pd.DataFrame) -> dict[str, Any]:
    """Absences and sessions since the start: from the time between each event and the one before it."""
    term = events[events.in_term]
    pause = term.groupby("moment")["at"].diff()
    goes_on = pause <= SESSION_GAP
    starts = (~goes_on).astype(int)
    days = term[["moment", "day"]].drop_duplicates()
    gaps = days.groupby("moment").day.diff()
    # A session counts where its last event is: where the next one begins, or none does.
    ends = (~goes_on.groupby(term.moment).shift(-1, fill_value=False)) & term.taught
    return {
        "longest_pause": pause.groupby(term.moment).max(),
        "gap_deviation": gaps.groupby(days.moment).std(ddof=0),
        "sessions": ends.groupby(term.moment).sum(),
        "all_sessions": starts.groupby(term.moment).sum(),
        "session_seconds": pause[goes_on].groupby(term.moment).sum(),
    }


def _work(calendar: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Sums over each learner's work, by the calendar's index."""
    pieces = _pieces(calendar, folder)
    by, weight, share, answered = pieces.moment, pieces.weight, pieces.share, pieces.first_at.notna()
    missed = pieces.is_due & ~answered
    dated = pieces.due.notna()
    delay = (pieces.first_at - pieces.due) / DAY
    graded = pieces[share.notna() & pieces.due.notna()].sort_values(["moment", "due", "share"])
    last_due = pieces[pieces.is_due].groupby("moment").due.max()
    last_met = pieces[pieces.is_due & answered].groupby("moment").due.max()
    return pd.DataFrame(
        {
            "due_works": pieces.is_due.groupby(by).sum(),
            "missed": missed[dated].groupby(by).sum(),
            "weight_due": weight[pieces.is_due].groupby(by).sum(),
            "weight_missed": weight[missed].groupby(by).sum(),
            "missed_last": (last_due > last_met.reindex(last_due.index, fill_value=-1)).astype(float),
            "handed_in": (answered & dated).groupby(by).sum(),
            "late": (delay > 0).groupby(by).sum(),
            "ahead": (answered & (pieces.due >= pieces.now))[dated].groupby(by).sum(),
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
    assessments = _read(folder, "assessments", ["assessment_id", "course_id", "role", "due_at", "weight", "max_score"])
    pieces = keys.merge(assessments, on="course_id")
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


def _when(table: pd.DataFrame) -> pd.DataFrame:
    recent, before = table.clicks_14.fillna(0), table.clicks_28.fillna(0) - table.clicks_14.fillna(0)
    since = (table.now - table.last_at.fillna(table.begin)).clip(lower=0) / DAY
    first = (table.first_at - table.begin) / DAY
    return pd.DataFrame(
        {
            "progress": ((table.now - table.start).clip(lower=0) / (table.finish - table.start).clip(lower=DAY)).clip(
                upper=1
            ),
            "days_enrolled_before_start": (table.start - table.joined) / DAY,
            "prior_attempts": table.prior_attempts,
            "days_since_activity": since,
            "active_days_per_week": _a_week(table, table.active_days),
            "active_days_last_7": table.active_days_7.fillna(0),
            "active_days_last_28": table.active_days_28.fillna(0),
            "active_days_before_start": table.active_days_before.fillna(0),
            "active_weeks_share": _ratio(table.active_weeks.fillna(0), table.weeks_seen),
            "longest_gap_days": pd.concat([since, first, table.longest_pause / DAY], axis=1).max(axis=1),
            "gap_deviation_days": table.gap_deviation,
            "activity_trend": np.log((recent + 1) / (before + 1)),
            "weekend_share": _ratio(table.weekend_clicks.fillna(0), table.clicks_in_term),
            "sessions_per_week": _a_week(table, table.sessions).where(table.raw),
            "minutes_per_session": (table.session_seconds.fillna(0) / 60 / table.all_sessions).where(table.raw),
            "mean_delay_days": table.delay,
            "late_share": _ratio(table.late, table.handed_in),
        }
    )


def _what(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{f"{kind}_per_week": _a_week(table, table[kind]) for kind in KINDS},
            "clicks_per_week": _a_week(table, table.clicks),
            "clicks_last_7": table.clicks_7.fillna(0),
            "clicks_last_28": table.clicks_28.fillna(0),
            "kinds_used_last_28": table.kinds_28.fillna(0),
            "forum_posts": table.forum_posts.fillna(0).where(table.raw),
        }
    )


def _results(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "missed_work": table.missed,
            "missed_share": _ratio(table.missed, table.due_works),
            "missed_weight_share": _ratio(table.weight_missed.fillna(0), table.weight_due),
            "missed_last": table.missed_last,
            "handed_in_ahead": table.ahead,
            "attempts_per_work": table.attempts.where(table.raw),
            "minutes_per_work": table.seconds.where(table.raw) / 60,
            "mean_score": 100 * table.mean_share,
            "lowest_score": 100 * table.lowest_share,
            "last_score": 100 * table.last_share,
            "score_change": 100 * (table.last_share - table.mean_share),
            "points_share": _ratio(table.points.fillna(0), table.points_asked).clip(upper=1),
            "pre_test_score": 100 * table.pre_test,
            "post_test_score": 100 * table.post_test,
            "test_gain": 100 * (table.post_test - table.pre_test),
            "banked_score": 100 * table.banked_share,
        }
    )


def _a_week(table: pd.DataFrame, count: "pd.Series[Any]") -> "pd.Series[float]":
    return 7 * _ratio(count.fillna(0), table.days_seen)


def _ratio(part: "pd.Series[Any]", total: "pd.Series[Any]") -> "pd.Series[float]":
    return part / total.replace(0, np.nan)
