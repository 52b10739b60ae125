"""Predicts a whole site by `earlybell.predict`, the code that serves."""

from pathlib import Path
from typing import Any

import numpy as np

from earlybell.bundle import read_bundle
from earlybell.predict import (
    Predictions,
    Predictor,
    bundle_capacity,
    make_worklist,
    write_predictions,
    write_worklist,
)
from earlybell.trail.predicted import keep_batch


def predict(
    bundle: Path,
    tables: Path,
    predictions: Path,
    worklist: Path,
    *,
    as_of: str,
    capacity: float | None = None,
    version: str = "",
    trail: str = "",
    trail_anchors: str = "",
) -> dict[str, Any]:
    """Write the predictions of everybody enrolled as of a moment (Parquet) and the worklist (CSV).

    Where nobody is enrolled `now`, both files have their columns and no row.

    Args:
        as_of: as `create_moments` takes it.
        capacity: learners of a course run that the staff can see; None: the bundle's own.
        version: what records call the model's; empty: the first digits of the bundle's digest.
        trail: address of the audit trail; empty: none is kept.
        trail_anchors: file for the heads of its chains, or `none`; empty: beside an SQLite store.

    Returns:
        The bundle's `digest`, its `version` in records, `as_of` (the last moment), `learners`, `moments`, `runs`,
        `worklist` (its rows) and `bands`, moments by band.

    Raises:
        BundleError: the bundle cannot be trusted.
        SettingError: a setting is wrong, nobody is enrolled then and it is not `now`, or a trail in PostgreSQL has no
            anchors.
        SourceError: the tables cannot be read.
        TrailError: the trail cannot be written: then nothing is.
    """
    opened = read_bundle(bundle)
    version = version or opened.version
    batch = Predictor(opened).predict_tables(tables, as_of)
    entries = make_worklist(batch, bundle_capacity(opened) if capacity is None else capacity)
    if trail:
        keep_batch(batch, opened, trail, version=version, caller="predict-site", anchors=trail_anchors)
    write_predictions(batch, predictions)
    write_worklist(entries, worklist)
    return {"digest": opened.digest, "version": version, "worklist": len(entries), **_counts(batch)}


def _counts(predictions: Predictions) -> dict[str, Any]:
    bands, counts = np.unique(predictions.band, return_counts=True)
    at = predictions.observed.as_of
    last = at.max() if len(at) else np.datetime64("now")  # else `create_moments` would have refused
    return {
        "as_of": last.item().isoformat(),
        "learners": len(np.unique(predictions.observed.learner_id)),
        "moments": len(predictions.observed),
        "runs": len(np.unique(predictions.observed.course_id)),
        "bands": dict(zip(bands.tolist(), counts.tolist(), strict=True)),
    }
