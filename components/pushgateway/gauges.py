"""Gauges of a pipeline's last run that succeeded."""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
from prometheus_client.exposition import basic_auth_handler, default_handler

from components.watched import WATCHED, Row, latest
from earlybell.causes import innermost, remedy
from earlybell.clock import within
from earlybell.errors import PipelineError, SettingError

ADDRESS = "EARLYBELL_PUSHGATEWAY"
JOB = "earlybell-pipeline"
MOST_RUNS = 200  # of which figures are told
SECONDS = 30.0  # for the Pushgateway to answer


def push(
    pipeline: str,
    started: str,
    counts: dict[str, float],
    by_course: Mapping[str, Mapping[str, float]] | None = None,
    watched: Sequence[Row] = (),
    now: float | None = None,
) -> str:
    """Put the gauges of `pipeline` in the place of those of its last run, at the Pushgateway of the environment.

    Args:
        pipeline: the label of each gauge.
        started: the run's creation as RFC 3339; anything else (a run on one machine has none): no duration.
        counts: gauges `earlybell_pipeline_last_run_NAME`, by NAME.
        by_course: gauges `earlybell_pipeline_NAME` of course runs, by NAME and the label `course_id`.
        watched: rows of the table of watched figures: see `_set_watched`.
        now: seconds since 1970.

    Returns:
        The Pushgateway's address without credentials; empty where none is named.

    Raises:
        SettingError: the address is not one of HTTP.
        PipelineError: it cannot be reached or refuses.
    """
    address = os.environ.get(ADDRESS, "")
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingError(f"{ADDRESS} is not an address", address, "As http://pushgateway:9091.")
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    registry = _gauges(started, counts, time.time() if now is None else now)
    for name, values in (by_course or {}).items():
        _set_by_course(registry, name, values)
    if watched:
        _set_watched(registry, watched)
    try:
        handler = _handler(parts.username, parts.password)
        within(SECONDS, lambda: push_to_gateway(plain, JOB, registry, {"pipeline": pipeline}, SECONDS, handler))
    except OSError as error:
        other = f"Mend it, or take {ADDRESS} out of the settings."
        login = f"its user and password go into {ADDRESS}, as http://USER:PASSWORD@HOST:9091"
        way_out = remedy(error, other, what="the Pushgateway", setting=ADDRESS, login=login, address=plain)
        way_out += " All other steps of this run are done."
        raise PipelineError(
            "the Pushgateway does not take the gauges", f"{plain}: {innermost(error)}", way_out
        ) from None
    return plain


def _gauges(started: str, counts: dict[str, float], now: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    _set(registry, "last_success_timestamp_seconds", "When a run last succeeded, in seconds since 1970.", now)
    if (began := _seconds(started)) is not None:
        _set(registry, "last_run_seconds", "How long the last run that succeeded took.", now - began)
    for name, count in counts.items():
        _set(registry, f"last_run_{name}", f"{name.capitalize()} in the last run that succeeded.", count)
    return registry


def _set(registry: CollectorRegistry, name: str, description: str, value: float) -> None:
    Gauge(f"earlybell_pipeline_{name}", description, registry=registry).set(value)


def _set_by_course(registry: CollectorRegistry, name: str, values: Mapping[str, float]) -> None:
    description = (
        f"{name.replace('_', ' ').capitalize()} of each course run under way, as of the last run that succeeded."
    )
    gauge = Gauge(f"earlybell_pipeline_{name}", description, ["course_id"], registry=registry)
    for course, value in values.items():
        gauge.labels(course).set(value)


def _set_watched(registry: CollectorRegistry, rows: Sequence[Row]) -> None:
    """Of each course run's last look every figure, and by family how many ask somebody to act or to look.

    Course runs are `MOST_RUNS`, those with most trouble first. Neither label names a learner.
    """
    rows = latest(rows)
    troubled = Counter(row.course_id for row in rows if row.trouble)
    runs = {*sorted({row.course_id for row in rows}, key=lambda course: (-troubled[course], course))[:MOST_RUNS]}
    labels = ["course_id", "version"]
    figures = Gauge(
        "earlybell_watched_figure", "A figure of a course run.", [*labels, "figure", "subject"], registry=registry
    )
    described = "Figures of a course run beyond their threshold, by what they ask for and of whom."
    trouble = Gauge(
        "earlybell_watched_trouble", described, [*labels, "family", "audience", "status"], registry=registry
    )
    for row in rows:
        if row.course_id not in runs:
            continue
        if row.value is not None:
            figures.labels(row.course_id, row.version, row.figure, row.subject).set(row.value)
        for status in ("problem", "warning"):
            counted = trouble.labels(row.course_id, row.version, row.family, WATCHED[row.figure].audience, status)
            counted.inc(float(row.status == status))


def _seconds(started: str) -> float | None:
    try:
        return datetime.fromisoformat(started).timestamp()
    except ValueError:
        return None


def _handler(user: str | None, password: str | None) -> Callable[..., Callable[[], None]]:
    """Basic authentication where the address has a user."""
    if user is None:
        return default_handler
    return lambda **request: basic_auth_handler(**request, username=user, password=password)
