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
    targets: dsl.Output[dsl.Dataset],
) -> None:
    """What came of each moment: the outcome of the run, or the rubric's score of what follows; and what came next."""
    from pathlib import Path

    from components.label import LABELS, check_enough, check_label, label_targets
    from components.reporting import done, errors_reported
    from earlybell.counts import counted

    with errors_reported():
        check_label(kind, Path(rubric) if rubric else None)
        facts = LABELS[kind](
            Path(tables.path), Path(examples.path), Path(labels.path), Path(rubric) if rubric else None
        )
        check_enough(Path(examples.path), Path(labels.path))
        labels.metadata.update({"kind": kind, **facts})
        targets.metadata.update(label_targets(Path(tables.path), Path(examples.path), Path(targets.path)))
        moments, learners = counted(facts["moments"], "moment"), counted(facts["learners"], "learner")
        done("label", f"{kind}: {moments} of {learners} in {counted(facts['runs'], 'course run')}")
