"""Predicts a whole site by `earlybell.predict`, the code that serves."""

from datetime import datetime
from pathlib import Path

import numpy as np
from msgspec import Struct

from components.predict.unfamiliar import unfamiliar
from earlybell.bundle import Bundle, read_bundle
from earlybell.predict import (
    Band,
    CourseCorrection,
    Predictions,
    Predictor,
    bundle_capacity,
    course_corrections,
    make_worklist,
    write_corrections,
    write_predictions,
    write_worklist,
)
from earlybell.trail.predicted import keep_batch


class Predicted(Struct, frozen=True):
    """What a site's predictions were made by, and how many there are.

    Attributes:
        digest: of the bundle.
        version: of the model, as records have it.
        as_of: the last moment, in UTC without a zone.
        worklist: its rows.
        corrected: course runs whose mean risk was corrected by a point or more.
        bands: moments by band.
        unfamiliar: of features whose values are new to the model, by title, the share of such values; see `unfamiliar`.
    """

    digest: str
    version: str
    as_of: datetime
    learners: int
    moments: int
    runs: int
    worklist: int
    corrected: int
    bands: dict[Band, int]
    unfamiliar: dict[str, float]


def predict(
    bundle: Path,
    tables: Path,
    predictions: Path,
    worklist: Path,
    corrections: Path,
    *,
    as_of: str,
    capacity: float | None = None,
    version: str = "",
    trail: str = "",
    trail_anchors: str = "",
) -> Predicted:
    """Write the predictions of everybody enrolled as of a moment (Parquet), the worklist (CSV) and the corrections of
    the course runs (JSON).

    Where nobody is enrolled `now`, the first two have their columns and no row, and there is no correction.

    Args:
        as_of: as `create_moments` takes it.
        capacity: learners of a course run that the staff can see; None: the bundle's own.
        version: what records call the model's; empty: the first digits of the bundle's digest.
        trail: address of the audit trail; empty: none is kept.
        trail_anchors: file for the heads of its chains, or `none`; empty: beside an SQLite store.

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
    entries = make_worklist(batch, bundle_capacity(opened) if capacity is None else capacity, opened.catalogue)
    of_courses = course_corrections(batch, opened.digest)
    if trail:
        keep_batch(batch, opened, trail, version=version, caller="predict-site", anchors=trail_anchors)
    write_predictions(batch, predictions)
    write_worklist(entries, worklist)
    write_corrections(of_courses, corrections)
    return _predicted(batch, opened, version, len(entries), of_courses)


def _predicted(
    predictions: Predictions, bundle: Bundle, version: str, worklist: int, corrections: list[CourseCorrection]
) -> Predicted:
    observed = predictions.observed
    bands, counts = np.unique(predictions.band, return_counts=True)
    last = observed.as_of.max() if len(observed) else np.datetime64("now")  # else `create_moments` would have refused
    return Predicted(
        digest=bundle.digest,
        version=version,
        as_of=last.item(),
        learners=len(np.unique(observed.learner_id)),
        moments=len(observed),
        runs=len(np.unique(observed.course_id)),
        worklist=worklist,
        corrected=len({entry.course_id for entry in corrections if entry.notable}),
        bands=dict(zip(bands.tolist(), counts.tolist(), strict=True)),
        unfamiliar=unfamiliar(observed, bundle),
    )
