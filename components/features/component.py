"""Features as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def features(engine: str, tables: dsl.Input[dsl.Dataset], examples: dsl.Output[dsl.Dataset]) -> None:
    """What was known of every learner at each week of each course run."""
    from pathlib import Path

    from components.features import compute_features, find_catalogue
    from components.reporting import done, errors_reported
    from earlybell.counts import counted

    with errors_reported():
        count = compute_features(Path(tables.path), "weekly", Path(examples.path), engine)
        examples.metadata.update({"moments": count, "catalogue": find_catalogue().hash})
        done("features", f"{len(find_catalogue().names)} features of {counted(count, 'moment')} (a learner in a week)")
