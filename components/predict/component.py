"""Prediction as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def predict(
    as_of: str,
    capacity: float,
    trail: str,
    trail_anchors: str,
    bundle: dsl.Input[dsl.Model],
    tables: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
    worklist: dsl.Output[dsl.Dataset],
    corrections: dsl.Output[dsl.Dataset],
) -> None:
    """The risk of everybody enrolled at a moment, whom the staff should look at first, and how courses were corrected.

    Without a trail's address: that of EARLYBELL_TRAIL, and its anchors those of EARLYBELL_TRAIL_ANCHORS; else none.
    """
    from datetime import UTC, datetime
    from pathlib import Path

    import msgspec

    from components.predict import arrivals, unfamiliar_words
    from components.predict import predict as predict_site
    from components.reporting import done, errors_reported, warn
    from earlybell.counts import counted
    from earlybell.trail.address import address_and_anchors

    trail, trail_anchors = address_and_anchors(trail, trail_anchors)
    with errors_reported():
        predicted = predict_site(
            Path(bundle.path),
            Path(tables.path),
            Path(predictions.path),
            Path(worklist.path),
            Path(corrections.path),
            as_of=as_of,
            capacity=capacity or None,
            version=bundle.metadata["version"],
            trail=trail,
            trail_anchors=trail_anchors,
        )
        arrived = arrivals(Path(tables.path), datetime.now(UTC).replace(tzinfo=None))
        newest = {run.course_id: run.newest.replace(tzinfo=UTC).timestamp() for run in arrived if run.newest}
        by_course = {"newest_record_timestamp_seconds": newest}
        by_course["data_age_teaching_seconds"] = {run.course_id: run.teaching for run in arrived}
        metadata = msgspec.to_builtins(predicted)
        predictions.metadata.update(metadata | {"by_course": by_course})
        for artifact in (worklist, corrections):
            artifact.metadata.update({name: metadata[name] for name in ("as_of", "digest", "version")})
        worklist.metadata["rows"] = predicted.worklist
        if predicted.unfamiliar:
            warn("predict", unfamiliar_words(predicted.unfamiliar))
        bands = ", ".join(f"{count:,} {band}" for band, count in predicted.bands.items())
        summary = bands or "nobody is enrolled now"
        corrected = f"; risks of {counted(predicted.corrected, 'course run')} corrected" if predicted.corrected else ""
        learners, runs = counted(predicted.learners, "learner"), counted(predicted.runs, "course run")
        done("predict", f"{learners} in {runs}: {summary}{corrected}")
