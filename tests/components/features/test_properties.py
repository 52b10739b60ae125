"""What holds for every site: features look at nothing later and at nobody else, and the SQL says what Ibis says."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from components.features import find_catalogue
from components.features.expression import stages
from tests.components.features.random_sites import sites
from tests.components.features.small import Row, Site, assert_same, connect, features

few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# When each record of a learner's is known.
KNOWN = {"events": "occurred_at", "submissions": "submitted_at", "extensions": "granted_at"}


@few
@given(sites(together=True))
def test_records_known_at_or_after_the_moment_change_no_feature(site: Site) -> None:
    assume(site.moments)
    as_of = site.moments[0][2]

    assert_same(features(site), features(_cut(site, as_of)))


@few
@given(sites(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_feature(site: Site, chance: random.Random) -> None:
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in site.tables.items()}

    assert_same(features(replace(site, tables=shuffled)), features(site))


@few
@given(sites(), st.data())
def test_a_moment_asked_alone_has_the_same_features_as_with_the_class_and_other_moments(
    site: Site, data: st.DataObject
) -> None:
    assume(site.moments)
    number = data.draw(st.integers(0, len(site.moments) - 1))
    course_id, learner_id, _ = moment = site.moments[number]
    alone = Site(
        {name: [row for row in rows if _is_of(row, course_id, learner_id)] for name, rows in site.tables.items()},
        [moment],
    )

    assert_same(features(alone)[0], features(site)[number])


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # Ibis 12 with DuckDB 2
@settings(few, max_examples=8)  # slower: eight views each
@given(sites())
def test_the_compiled_sql_gives_what_ibis_gives_stage_by_stage(site: Site) -> None:
    connection = connect(site)
    backend = ibis.duckdb.from_connection(connection)
    for name, stage in stages().items():
        backend.create_view(name, stage)
    by_ibis = backend.table(name).order_by("moment_id").select(find_catalogue().names).to_pandas()

    assert_same(features(site), by_ibis.to_numpy(dtype=np.float64))


def _by_name(site: Site) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    return dict(zip(find_catalogue().names, features(site).T, strict=True))


@few
@given(sites())
def test_no_share_is_above_one_and_no_count_of_days_above_the_days_there_are(site: Site) -> None:
    columns = _by_name(site)
    for feature in find_catalogue().features:
        values = columns[feature.name][~np.isnan(columns[feature.name])]
        if feature.unit in ("share", "yes or no"):
            assert ((values >= 0) & (values <= 1)).all(), feature.name
        if feature.unit in ("count", "yes or no"):
            assert (values == np.round(values)).all(), feature.name
    assert np.nanmax(columns["active_days_per_week"], initial=0) <= 7
    assert np.nanmax(columns["active_days_last_7"], initial=0) <= 7
    assert np.nanmax(columns["active_days_last_28"], initial=0) <= 28
    assert np.nanmax(columns["kinds_used_last_28"], initial=0) <= 7


@few
@given(sites())
def test_what_is_shown_of_a_week_is_shown_of_four(site: Site) -> None:
    columns = _by_name(site)
    whole = ~np.isnan(columns["clicks_last_28"])  # elsewhere logs were purged meanwhile
    columns = {name: values[whole] for name, values in columns.items()}
    by_products = sum(row["target"] == "course_module_completion" for row in site.tables["events"])
    assert (columns["clicks_last_28"] >= columns["clicks_last_7"]).all()
    assert (columns["active_days_last_28"] >= columns["active_days_last_7"]).all()
    assert (columns["clicks_last_28"] >= columns["kinds_used_last_28"]).all()
    for days in (7, 28):  # a day with activity has a click, if not of what Moodle alone wrote
        assert (columns[f"clicks_last_{days}"] >= columns[f"active_days_last_{days}"] - by_products).all()
        assert ((columns[f"clicks_last_{days}"] == 0) | (columns[f"active_days_last_{days}"] > 0)).all()


@few
@given(sites(together=True))
def test_days_are_those_that_the_standard_librarys_clock_shows(site: Site) -> None:
    """Active days and the weekend's share, by zoneinfo from the events themselves."""
    columns = _by_name(site)
    runs = {row["course_id"]: row for row in site.tables["courses"]}
    for number, (course_id, learner_id, as_of) in enumerate(site.moments):
        run = runs[course_id]
        clock = ZoneInfo(run["timezone"] or "UTC")
        day_sum = timedelta(seconds=86_399) if run["granularity"] == "daily" else timedelta(0)
        last = (_shown(as_of - timedelta(microseconds=1), clock) - day_sum).date()
        acts = [
            row["occurred_at"]
            for row in site.tables["events"]
            if (row["course_id"], row["learner_id"]) == (course_id, learner_id) and row["occurred_at"] < as_of
        ]
        dates = {_shown(at, clock).date() for at in acts}
        for days in (7, 28):
            window = {date for date in dates if last - timedelta(days=days) < date <= last}
            value = columns[f"active_days_last_{days}"][number]
            assert value == len(window) or (np.isnan(value) and run["complete_from"])


def _shown(at: datetime, clock: ZoneInfo) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(clock).replace(tzinfo=None)


def _cut(site: Site, as_of: datetime) -> Site:
    """The site as it was just before `as_of`."""
    known = {
        name: [row for row in rows if name not in KNOWN or row[KNOWN[name]] < as_of]
        for name, rows in site.tables.items()
    }
    submissions = [
        row if row["graded_at"] is None or row["graded_at"] < as_of else {**row, "graded_at": None, "score": None}
        for row in known["submissions"]
    ]
    enrolments = [
        {**row, "unenrolled_at": left if (left := row["unenrolled_at"]) is None or left < as_of else None}
        for row in known["enrolments"]
        if row["enrolled_at"] < as_of
    ]
    return replace(site, tables={**known, "submissions": submissions, "enrolments": enrolments})


def _is_of(row: Row, course_id: str, learner_id: str) -> bool:
    of_work = str(row.get("assessment_id", course_id)).startswith(course_id)
    return row.get("learner_id", learner_id) == learner_id and row.get("course_id", course_id) == course_id and of_work
