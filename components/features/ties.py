"""Which features of the catalogue hang together, so that no counterfactual takes an impossible combination of them.

A tie is written here when a feature comes to the catalogue that another one bounds. `earlybell.bundle.ties` says what
the bounds mean.
"""

from components.features.acts import KINDS
from earlybell.bundle import Tie

TIES = (
    # A day with activity has a click, and a click makes such a day.
    Tie("active_days_last_7", ("clicks_last_7",), "some"),
    Tie("active_days_last_7", ("days_since_activity",), "within", days=7),
    Tie("clicks_last_7", ("active_days_last_7",), "same"),
    Tie("active_days_last_28", ("active_days_last_7",), "same"),
    Tie("active_days_last_28", ("days_since_activity",), "within", days=28),
    Tie("clicks_last_28", ("clicks_last_7",), "same"),
    Tie("clicks_last_28", ("kinds_used_last_28",), "same"),
    Tie("clicks_last_28", ("active_days_last_28",), "same"),
    Tie("active_days_last_28", ("clicks_last_28",), "some"),
    Tie("days_since_activity", ("active_days_last_28",), "recent", days=28),
    Tie("days_since_activity", ("active_days_last_7",), "recent", days=7),
    # What was done lately was done since the start: on days of teaching, as no row tells how many were holidays.
    Tie("active_days_per_week", ("active_days_last_7",), "same", days=7, per="week"),
    Tie("active_days_per_week", ("active_days_last_28",), "same", days=28, per="week"),
    Tie("clicks_per_week", ("active_days_per_week",), "same"),
    Tie("clicks_per_week", ("clicks_last_7",), "same", days=7, per="week"),
    Tie("clicks_per_week", ("clicks_last_28",), "same", days=28, per="week"),
    Tie("clicks_per_week", tuple(f"{kind}_per_week" for kind in KINDS), "total"),
    # One work that is missed is missed in every count, and work that was due stays due.
    Tie("missed_work", ("missed_share",), "none"),
    Tie("missed_last", ("missed_work",), "same"),
    Tie("missed_share", ("missed_work",), "part"),
    Tie("missed_weight_share", ("missed_work",), "none"),
    # Marks are gathered of what is not missing.
    Tie("missed_weight_share", ("points_share",), "rest"),
)
