"""What MLflow keeps of a bundle beside its files."""

import json

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from components.basis import Basis
from components.registry.server import without_credentials
from earlybell.bundle import Bundle, Evaluation, Training
from earlybell.bundle.figures import EACH_RUN
from earlybell.gates import Verdict

GATES, WAIVED = "gates", "gates_waived"  # tags of a version: how it was judged, and the reason where that did not count
BASIS_DATA, BASIS_SETTINGS = "basis_data", "basis_settings"  # what it learned from and by, of version and run
# Of a proposal: its state, what is proposed, and who decided on it.
PROPOSAL, PROPOSED, DECIDED = "proposal", "proposal_sentence", "proposal_decided"
WAITING, APPROVED, REJECTED = "waiting", "approved", "rejected"  # states of a proposal
MISSED = "missed_gates"  # of a run that gave no version: the gates that were missed
_DIGEST = 36  # characters of a dataset's digest that MLflow has room for
_NAME = 500  # and of its name


def parameters(training: Training, settings: dict[str, str]) -> dict[str, str]:
    """What the model was trained with: of the candidate, and the pipeline's settings (which may hold addresses)."""
    of_pipeline = {f"pipeline.{name}": without_credentials(value) for name, value in settings.items()}
    of_candidate = {f"settings.{name}": str(value) for name, value in training.settings.items()}
    return {
        "candidate": training.name,
        **{name: str(getattr(training, name)) for name in ("seed", "rows", "learners")},
        **of_candidate,
        **of_pipeline,
    }


def metrics(evaluation: Evaluation) -> dict[str, float]:
    """The chosen candidate's metrics, as `course_run.0.4.roc_auc` with its `.low` and `.high`.

    Those of the mean over course runs, or of all learners together where that was not measured: of single runs there
    are thousands, which MLflow's pages cannot show, and evaluation.json lies in the bundle.
    """
    figures: dict[str, float | None] = {}
    for row in evaluation.metrics:  # the mean comes after all together, and takes its place
        if row.candidate == evaluation.chosen and row.group in ("all", EACH_RUN):
            cutoff = "all" if row.cutoff is None else f"{row.cutoff:g}"
            key = f"{row.split}.{cutoff}.{row.metric}"
            figures |= {key: row.value, f"{key}.low": row.low, f"{key}.high": row.high}
    return {key: value for key, value in figures.items() if value is not None}


def tags(bundle: Bundle, verdict: Verdict, basis: Basis) -> dict[str, str]:
    """The tags of a version; each gate has one, as `gates.roc_auc`, with its figure and its bound."""
    manifest = bundle.manifest
    figures = {f"{GATES}.{finding.metric}": f"{finding.figure}, {finding.requirement}" for finding in verdict.findings}
    return {
        "candidate": "true",
        "bundle_digest": bundle.digest,
        "data_digest": manifest.data.digest,
        "catalogue_hash": manifest.catalogue.hash,
        "label": manifest.label,
        GATES: verdict.outcome,
        **basis_tags(basis),
        **figures,
        **({WAIVED: verdict.waived} if verdict.waived else {}),
    }


def basis_tags(basis: Basis) -> dict[str, str]:
    """By which a later training knows that it would be the same."""
    return {BASIS_DATA: basis.data, BASIS_SETTINGS: basis.settings} if basis.data else {}


def read_basis(tagged: dict[str, str]) -> Basis:
    """The basis of a version's or run's tags; unknown where it was registered before there were any."""
    return Basis(tagged.get(BASIS_DATA, ""), tagged.get(BASIS_SETTINGS, ""))


def dataset(bundle: Bundle) -> DatasetInput:
    """The data that the model was trained on; its whole digest stands in its source, which has the room."""
    data = bundle.manifest.data
    name, source = ", ".join(data.sources)[:_NAME], json.dumps({"sources": data.sources, "digest": data.digest})
    profile = json.dumps({"moments": data.moments, "learners": data.learners})
    training = Dataset(name, data.digest[:_DIGEST], "earlybell", source, profile=profile)
    return DatasetInput(training, [InputTag("mlflow.data.context", "training")])


def mlmodel(bundle: Bundle, folder: str, model_id: str, run_id: str) -> Model:
    """The contents of `MLmodel`: a flavour of our own, which says where the bundle lies and of which format it is."""
    features = Schema([ColSpec(DataType.float, name) for name in bundle.catalogue.names])
    signature = ModelSignature(features, Schema([ColSpec(DataType.float, "risk")]))
    model = Model(run_id=run_id, signature=signature, model_uuid=model_id, model_id=model_id)
    return model.add_flavor("earlybell", format=bundle.manifest.format, data=folder, digest=bundle.digest)
