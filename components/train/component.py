"""Training of one candidate, and of the heads, as KFP components."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def train(
    candidate: str,
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
) -> None:
    """One candidate, for the job and for each fold of the honest splits."""
    from pathlib import Path

    from components.reporting import done, errors_reported
    from components.train import train as train_candidate
    from earlybell.counts import counted

    with errors_reported():
        training = train_candidate(candidate, Path(examples.path), Path(labels.path), Path(model.path))
        model.metadata.update({"name": candidate, "framework": "onnx", "rows": training.rows})
        skipped = f"; without {', '.join(training.skipped)}: only one label is left there" if training.skipped else ""
        moments, learners = counted(training.rows, "moment"), counted(training.learners, "learner")
        done("train", f"{training.title} on {moments} of {learners}{skipped}")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def heads(
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    targets: dsl.Input[dsl.Dataset],
    models: dsl.Output[dsl.Model],
) -> None:
    """What comes next of a learner, a model for each, for the job and for each course run that is left out."""
    from pathlib import Path

    from components.reporting import done, errors_reported
    from components.train import train_heads
    from earlybell.counts import counted

    with errors_reported():
        rows = train_heads(Path(examples.path), Path(labels.path), Path(targets.path), Path(models.path))
        models.metadata.update({"framework": "onnx", **rows})
        trained = ", ".join(f"{name} on {counted(count, 'moment')}" for name, count in rows.items())
        done("heads", trained or "none: there is too little to learn from")
