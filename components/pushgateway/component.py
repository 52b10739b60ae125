"""The last step of a pipeline as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def push_gauges(pipeline: str, started: str, result: dsl.Input[dsl.Artifact]) -> None:
    """Gauges of this run for the alerts: it runs only where everything before it succeeded."""
    from components.pushgateway import push
    from components.reporting import errors_reported, progress

    with errors_reported():
        counts = {"learners": float(result.metadata["learners"])}
        if place := push(pipeline, started, counts, result.metadata.get("by_course", {})):
            progress("push_gauges", f"{pipeline} told {place}")
