"""What Prometheus reads: no learner's id is in a label, and with several worker processes all of them are counted.

KServe's own histograms (`request_predict_seconds` and its like) stand beside these.
"""

import os

from prometheus_client import REGISTRY as ONE_PROCESS
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

MULTIPLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHARES = tuple(i / 10 for i in range(1, 11))

REQUESTS = Counter("earlybell_requests_total", "Requests answered or refused", ["route", "outcome", "model_version"])
SECONDS = Histogram(
    "earlybell_seconds",
    "Seconds of features, scoring, explanation, and of the whole",
    ["stage", "model_version"],
    buckets=_SECONDS,
)
RISK = Histogram("earlybell_risk", "Risks that were answered", ["model_version"], buckets=_SHARES)
BANDS = Counter("earlybell_learners_total", "Learners answered, by band", ["band", "model_version"])
OUTSIDE = Counter("earlybell_out_of_range_total", "Values outside of what training saw", ["feature", "model_version"])
TRAIL_LAG = Gauge(
    "earlybell_trail_lag_seconds",
    "Seconds that the oldest record has waited to be stored, or that the store is away",
    multiprocess_mode="livemax",
)
TRAIL_JOURNALING = Gauge(
    "earlybell_trail_journaling",
    "1 while the trail's store is away and records wait in the journal",
    multiprocess_mode="livemax",
)
TOKEN_EXPIRES = Gauge(
    "earlybell_token_expires_timestamp_seconds",
    "When a caller's last token expires, in seconds since 1970; +Inf when it has none any more",
    ["caller"],
    multiprocess_mode="livemax",
)
MIRRORED = Counter("earlybell_mirrored_total", "Copies for a challenger, by what became of them", ["outcome"])


def exposition() -> bytes:
    """The metrics of all processes in Prometheus' text format."""
    if MULTIPLE not in os.environ:
        return generate_latest(ONE_PROCESS)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget(process: int) -> None:
    """Leave out what a process that has ended last said of itself; what it counted stays."""
    multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]
