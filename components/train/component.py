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
        facts = train_candidate(candidate, Path(examples.path), Path(labels.path), Path(model.path))
        model.metadata.update({"name": candidate, "framework": "onnx", "rows": facts["rows"]})
        skipped = f"; without {', '.join(facts['skipped'])}, which leave one label only" if facts["skipped"] else ""
        done("train", f"{facts['title']} on {facts['rows']:,} moments of {facts['learners']:,} learners{skipped}")
