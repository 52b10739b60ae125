"""Labels as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def label(tables: dsl.Input[dsl.Dataset], examples: dsl.Input[dsl.Dataset], labels: dsl.Output[dsl.Dataset]) -> None:
    """What came of each moment."""
    from pathlib import Path

    from components.label import label_outcomes
    from components.reporting import errors_reported, progress

    with errors_reported():
        found = label_outcomes(Path(tables.path), Path(examples.path) / "features.parquet", Path(labels.path))
        labels.metadata.update(found)
        progress(
            "label",
            f"{found['moments']:,} moments of {found['learners']:,} learners in {found['runs']} finished course runs",
        )
