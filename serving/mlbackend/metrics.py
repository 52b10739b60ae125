"""What Prometheus reads: nothing of a model's or a learner's is in a label."""

from prometheus_client import Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900, 1800, 3600)
FITS = ("train", "evaluate")

REQUESTS = Counter(
    "earlybell_mlbackend_requests_total", "Requests of Moodle, by what became of them", ["route", "outcome"]
)
SECONDS = Histogram("earlybell_mlbackend_seconds", "Seconds of a request", ["route"], buckets=_SECONDS)
FIT_SECONDS = Histogram(
    "earlybell_mlbackend_fit_seconds",
    "Seconds of a training or evaluation, without its waiting",
    ["kind"],
    buckets=_SECONDS,
)
FITS_ENDED = Counter(
    "earlybell_mlbackend_fits_total", "Trainings and evaluations, by what became of them", ["kind", "outcome"]
)
FITTING = Gauge("earlybell_mlbackend_fitting", "Trainings and evaluations that run")
WAITING = Gauge("earlybell_mlbackend_waiting", "Trainings and evaluations that wait for their turn")
SAMPLES = Counter("earlybell_mlbackend_samples_total", "Samples received", ["route"])


def exposition() -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest()
