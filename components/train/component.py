"""Training of one candidate as a KFP component."""

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

    with errors_reported():
        training = train_candidate(candidate, Path(examples.path), Path(labels.path), Path(model.path))
        model.metadata.update({"name": candidate, "framework": "onnx", "rows": training.rows})
        skipped = f"; without {', '.join(training.skipped)}, which leave one label only" if training.skipped else ""
        done("train", f"{training.title} on {training.rows:,} moments of {training.learners:,} learners{skipped}")
