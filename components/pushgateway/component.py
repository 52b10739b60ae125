"""The last step of a pipeline as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def push_gauges(pipeline: str, started: str, result: dsl.Input[dsl.Artifact]) -> None:
    """Gauges of this run for the alerts: it runs only where everything before it succeeded."""
    from components.pushgateway import push
    from components.reporting import done, errors_reported

    with errors_reported():
        counts = {"learners": float(result.metadata["learners"])}
        by_course = result.metadata.get("by_course", {})
        by_course = by_course.get("struct", by_course)  # KFP's metadata store wraps what is nested
        place = push(pipeline, started, counts, by_course)
        done("push_gauges", f"{len(counts)} gauges to {place}" if place else "no Pushgateway is named")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def push_watched(started: str, figures: dsl.Input[dsl.Dataset]) -> None:
    """Gauges of the figures that were watched, for the alerts: it runs only where everything before it succeeded."""
    from pathlib import Path

    from components.pushgateway import push
    from components.reporting import done, errors_reported
    from components.watched import read_rows

    with errors_reported():
        rows = read_rows(Path(figures.path))
        place = push("monitoring", started, {"course_runs": float(figures.metadata["runs"])}, watched=rows)
        done("push_watched", f"{len(rows):,} figures to {place}" if place else "no Pushgateway is named")
