"""Values that were read as something else or kept though they are odd: what is said of them."""

from components.extract.staging import FILE_BITS, Staging
from earlybell.counts import counted
from earlybell.tables.schema import Bad

_DONE: dict[Bad, str] = {
    "null": "read as unknown",
    "keep": "kept, as extra credit",
    "raise": "set to it",
}


def note_repairs(staging: Staging) -> None:
    """Note of each file how many values of which columns are odd, with one of them, and what became of them."""
    shown = "coalesce(try_cast(value AS DOUBLE)::VARCHAR, try_cast(value AS TIMESTAMP)::VARCHAR, shape(value))"
    rows = staging.sql(
        f"SELECT _id >> {FILE_BITS}, name, reason, bad, count(DISTINCT _id), min({shown}) FROM repaired "
        "GROUP BY ALL ORDER BY ALL"
    )
    for file, name, reason, bad, values, value in rows:
        label = staging.files[file].label
        staging.notes.add(f"{label}: {counted(values, 'value')} of {name} {reason} (as {value}): {_DONE[bad]}.")
