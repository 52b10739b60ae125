"""Labels as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def label(
    kind: str,
    rubric: str,
    tables: dsl.Input[dsl.Dataset],
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Output[dsl.Dataset],
) -> None:
    """What came of each moment: the outcome of the run, or the rubric's score of what follows."""
    from pathlib import Path

    from components.label import LABELS, check_enough, check_label
    from components.reporting import done, errors_reported

    with errors_reported():
        check_label(kind, Path(rubric) if rubric else None)
        facts = LABELS[kind](
            Path(tables.path), Path(examples.path), Path(labels.path), Path(rubric) if rubric else None
        )
        check_enough(Path(examples.path), Path(labels.path))
        labels.metadata.update({"kind": kind, **facts})
        done(
            "label",
            f"{kind}: {facts['moments']:,} moments of {facts['learners']:,} learners in {facts['runs']} course runs",
        )
