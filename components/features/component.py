"""Features as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def features(engine: str, tables: dsl.Input[dsl.Dataset], examples: dsl.Output[dsl.Dataset]) -> None:
    """What was known of every learner at each week of each course run."""
    from pathlib import Path

    from components.features import CATALOGUE, compute_features
    from components.reporting import done, errors_reported

    with errors_reported():
        count = compute_features(Path(tables.path), "weekly", Path(examples.path), engine)
        examples.metadata.update({"moments": count, "catalogue": CATALOGUE.hash})
        done("features", f"{len(CATALOGUE.names)} features of {count:,} moments (a learner in a week)")
