"""The rubric label with what it takes to judge it: the label of the whole run, and the facts of the rubric."""

import json
from pathlib import Path
from typing import Any

from components.label.rubric import label_rubric
from earlybell.tables.sql import connect, parquet, quoted
from earlybell.whole import written_whole

_FACTS = ("version", "threshold", "unlabelled", "unknown_ratings", "agreement")


def label_rubric_and_overlap(tables: Path, features: Path, out: Path, rubric: Path | None = None) -> dict[str, Any]:
    """As `label_rubric`, and `out` has more: the column `overlap_label`, and the rubric's facts as its metadata.

    overlap_label is the label of the whole run, what is before the moment too, which a model would find in its own
    inputs: evaluation measures how much better that would look. Null where the whole run has too little.
    """
    facts = label_rubric(tables, features, out, rubric)
    with written_whole(out) as joined:
        whole = joined.with_name("of whole runs.parquet")
        label_rubric(tables, features, whole, rubric, whole_run=True, alike=True)
        metadata = quoted(json.dumps({name: facts[name] for name in _FACTS}))
        connect().execute(f"""
            COPY (SELECT a.*, b.label AS overlap_label
                FROM {parquet(out)} a LEFT JOIN {parquet(whole)} b USING (moment_id) ORDER BY moment_id)
            TO {quoted(joined)} (FORMAT parquet, KV_METADATA {{rubric: {metadata}}})""")
    return facts
