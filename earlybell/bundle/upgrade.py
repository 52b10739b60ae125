"""A bundle of format 1 as one of format 2: it gets what it had by the code that served it.

All of this is of the past. It says what format 1 meant when its bundles were made, so it changes no more, whatever the
catalogue of today says. This is the one place of the server that knows features by name.
"""

from msgspec import structs

from earlybell.bundle.catalogue import Catalogue, Feature
from earlybell.bundle.reasons import Reasons
from earlybell.bundle.ties import Tie

_EDGE = 1e-6
_DIGITS = {"share": 2, "per week": 1, "ratio": 1}  # by unit; of others none
_WINDOWS = {"active_days_last_7": 7.0, "active_days_last_28": 28.0}
_MOST = _WINDOWS | {"active_days_per_week": 7.0, "kinds_used_last_28": 7.0}
_MEAN_OF_TRIES = "attempts_per_work"  # no whole number, though catalogue 1 calls it a count; at least one try

_KINDS = ("forum", "quiz", "material", "assignment", "course_page", "collaboration", "live")
_TIES = (
    Tie("active_days_last_7", ("clicks_last_7",), "some"),
    Tie("active_days_last_7", ("days_since_activity",), "within", 7),
    Tie("clicks_last_7", ("active_days_last_7",), "same"),
    Tie("active_days_last_28", ("active_days_last_7",), "same"),
    Tie("active_days_last_28", ("days_since_activity",), "within", 28),
    Tie("clicks_last_28", ("clicks_last_7",), "same"),
    Tie("clicks_last_28", ("kinds_used_last_28",), "same"),
    Tie("clicks_last_28", ("active_days_last_28",), "same"),
    Tie("active_days_last_28", ("clicks_last_28",), "some"),
    Tie("days_since_activity", ("active_days_last_28",), "recent", 28),
    Tie("days_since_activity", ("active_days_last_7",), "recent", 7),
    Tie("active_days_per_week", ("active_days_last_7",), "same", 7, "week"),
    Tie("active_days_per_week", ("active_days_last_28",), "same", 28, "week"),
    Tie("clicks_per_week", ("active_days_per_week",), "same"),
    Tie("clicks_per_week", ("clicks_last_7",), "same", 7, "week"),
    Tie("clicks_per_week", ("clicks_last_28",), "same", 28, "week"),
    Tie("clicks_per_week", tuple(f"{kind}_per_week" for kind in _KINDS), "total"),
    Tie("missed_work", ("missed_share",), "none"),
    Tie("missed_last", ("missed_work",), "same"),
    Tie("missed_share", ("missed_work",), "part"),
    Tie("missed_weight_share", ("missed_work",), "none"),
    Tie("missed_weight_share", ("points_share",), "rest"),
)

# The SQL of catalogue 1 does not give the days of teaching: they were all days since the later of start and joining,
# holidays too.
_DAYS_SEEN = """
    SELECT moment_id, epoch(as_of - greatest(starts_at, enrolled_at)) / 86400 AS days_seen
    FROM moments JOIN courses USING (course_id) JOIN enrolments USING (course_id, learner_id)"""


def upgraded(catalogue: Catalogue, sql: str, reasons: Reasons) -> tuple[Catalogue, str, Reasons]:
    """The files of a bundle of format 1 as format 2 has them; its answers stay the same."""
    names = set(catalogue.names)
    catalogue = structs.replace(
        catalogue,
        features=tuple(map(_feature, catalogue.features)),
        ties=tuple(tie for tie in _TIES if {tie.feature, *tie.of} <= names),
        scale="logarithmic",
        never_reasons=("calendar",),
    )
    if "days_seen" not in sql:
        sql = f"SELECT * FROM ({sql}\n) JOIN ({_DAYS_SEEN}) USING (moment_id)"
    return catalogue, sql, structs.replace(reasons, calibration=structs.replace(reasons.calibration, edge=_EDGE))


def _feature(feature: Feature) -> Feature:
    """With what format 1 knew by its name, its unit and its words."""
    is_share, signed = feature.unit in ("share", "yes or no"), "|" in feature.words
    least = 1.0 if feature.name == _MEAN_OF_TRIES else None if signed and not is_share else 0.0
    return structs.replace(
        feature,
        digits=_DIGITS.get(feature.unit, 0),
        least=least,
        most=1.0 if is_share else _MOST.get(feature.name),
        whole=feature.unit in ("count", "yes or no") and feature.name != _MEAN_OF_TRIES,
        counts_days=feature.name in _WINDOWS,
    )
