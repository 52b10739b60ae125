"""Sealed bundles in MLflow's model registry: a run and a version for each, and the bundle back as it was sealed.

A version's artifacts are `MLmodel` (a flavour of our own, with the signature: MLflow's pages and tools read it) and
`bundle/`, the bundle's files as they are. No alias is set: only what moves traffic does.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric, Param, RunInfo
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.basis import Basis
from components.registry.record import (
    APPROVED,
    DECIDED,
    GATES,
    MISSED,
    PROPOSAL,
    PROPOSED,
    REJECTED,
    WAITING,
    WAIVED,
    basis_tags,
    dataset,
    metrics,
    mlmodel,
    parameters,
    read_basis,
    tags,
)
from components.registry.server import artifact_location, connect, late, mendable, without_credentials
from components.retraining import Trained
from earlybell.bundle import Bundle, Training, read_bundle
from earlybell.clock import at_most
from earlybell.errors import BundleError, RegistryError, SettingError
from earlybell.gates import in_words, require_verdict
from earlybell.whole import written_whole

SECONDS = 600.0  # to register or fetch a bundle, the store of artifacts included; a quarter of it for a question
_FOLDER = "bundle"
_PROPOSAL = "proposal"  # folder of a run's artifacts
_MOST_RUNS = 200  # that are read for what was not kept: of years

UNKNOWN = Basis()


@dataclass(frozen=True)
class Proposed:
    """The proposal of a retraining, as a version keeps it.

    Attributes:
        sentence: what is proposed.
        approved: by whom and why, where the site decides without a person; empty: it waits.
        files: as JSON and as a page, which become artifacts of the version's run.
    """

    sentence: str
    approved: str = ""
    files: tuple[Path, ...] = ()

    def tags(self) -> dict[str, str]:
        """The tags of the version."""
        decided = {DECIDED: self.approved} if self.approved else {}
        return {PROPOSAL: APPROVED if self.approved else WAITING, PROPOSED: self.sentence, **decided}


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        name: the registered model's.
        version: its number, as MLflow writes it.
        run_id: the run that holds parameters, metrics and data.
        address: of the bundle's folder in the artifact store: what a server is pinned to.
        digest: of the bundle.
        gates: `passed` or `waived`; empty where it was registered before verdicts were.
        waived: the reason for which it may serve without its gates; empty without one.
        proposal: state of the proposal of a retraining: `waiting`, `approved` or `rejected`; empty without one.
        proposed: what is proposed, in a sentence.
        decided: who decided on it, and why.
    """

    name: str
    version: str
    run_id: str
    address: str
    digest: str
    gates: str = ""
    waived: str = ""
    proposal: str = ""
    proposed: str = ""
    decided: str = ""

    @property
    def waits(self) -> bool:
        """Whether nobody has decided on its proposal yet."""
        return self.proposal == WAITING

    @property
    def rejected(self) -> bool:
        """Whether its proposal was rejected."""
        return self.proposal == REJECTED

    @property
    def verdict(self) -> str:
        """How it was judged, in words."""
        return in_words(self.gates, self.waived)


@at_most(SECONDS, late)
def register(
    bundle: Path,
    *,
    name: str = "learner-risk",
    settings: dict[str, str] | None = None,
    basis: Basis = UNKNOWN,
    proposal: Proposed | None = None,
) -> Version:
    """Register a sealed bundle that may be released as a new version of model `name`, tagged as a candidate.

    Args:
        bundle: the sealed bundle's folder.
        name: of the registered model, and of the experiment that holds its runs.
        settings: of the pipeline that trained it, kept as the run's parameters.
        basis: what it learned from and by.
        proposal: of a retraining. The version has it as soon as there is one.

    Raises:
        BundleError: not a sealed bundle, or changed since it was sealed.
        GateError: the bundle has no verdict, or missed a gate that was not waived.
        RegistryError: MLflow cannot be reached, or refused.
    """
    sealed, verdict = read_bundle(bundle), require_verdict(bundle)
    training = sealed.training or Training(name=sealed.manifest.algorithm)
    trained_with, measured, data = parameters(training, settings or {}), metrics(sealed.evaluation), dataset(sealed)
    client = connect()
    with mendable(client.tracking_uri), _run(client, name, training.name) as run:
        model = client.create_logged_model(
            run.experiment_id, name, run.run_id, params=trained_with, model_type=training.name
        )
        client.log_batch(run.run_id, _metrics(measured, model), [Param(*item) for item in trained_with.items()])
        client.log_inputs(run.run_id, [data])
        _upload(client, sealed, model, run.run_id)
        for file in proposal.files if proposal else ():
            client.log_artifact(run.run_id, str(file), _PROPOSAL)
        tagged = tags(sealed, verdict, basis) | (proposal.tags() if proposal else {})
        return _create_version(client, tagged, name, model, run.run_id)


@at_most(SECONDS / 4, late)
def find(name: str, version_or_alias: str) -> Version:
    """A version of a registered model, by its number or alias.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or has no such version or alias, or it is not of a bundle.
    """
    client = connect()
    with mendable(client.tracking_uri):
        registered = _find(client, name, version_or_alias)
        address = client.get_model_version_download_uri(name, registered.version)
    if "bundle_digest" not in registered.tags:
        way_out = "Name a version that `earlybell train` or the training pipeline registered."
        raise RegistryError(f"a version of {name!r} is not of a sealed bundle", str(registered.version), way_out)
    return _version(name, registered, f"{address}/{_FOLDER}")


@at_most(SECONDS / 4, late)
def read_aliases(name: str) -> dict[str, str]:
    """The version that each alias of a registered model names.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or has no such model.
    """
    client = connect()
    with mendable(client.tracking_uri):
        return {alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()}


@at_most(SECONDS / 4, late)
def set_alias(name: str, alias: str, version: str | None) -> None:
    """Let an alias name a version, or none.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or has no such version.
    """
    client = connect()
    with mendable(client.tracking_uri):
        if version is None:
            client.delete_registered_model_alias(name, alias)
        else:
            _find(client, name, version)
            client.set_registered_model_alias(name, alias, version)


@at_most(SECONDS / 4, late)
def waive(version: Version, reason: str) -> None:
    """Let a version serve without its gates, for a reason that it is tagged with.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or has no such version.
    """
    client = connect()
    with mendable(client.tracking_uri):
        for tag, value in ((WAIVED, reason), (GATES, "waived")):
            client.set_model_version_tag(version.name, version.version, tag, value)


@at_most(SECONDS / 4, late)
def settle(version: Version, decided: str, *, approved: bool) -> None:
    """Let the proposal of a version be approved or rejected.

    Args:
        decided: by whom and why, in a line.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or has no such version.
    """
    client = connect()
    with mendable(client.tracking_uri):
        for tag, value in ((DECIDED, decided), (PROPOSAL, APPROVED if approved else REJECTED)):
            client.set_model_version_tag(version.name, version.version, tag, value)


@at_most(SECONDS / 4, late)
def read_waiting(name: str) -> list[Version]:
    """The versions of a registered model whose proposals wait, the newest first.

    Raises:
        RegistryError: MLflow cannot be reached or refused.
    """
    client = connect()
    with mendable(client.tracking_uri):
        waiting = [registered for registered in _versions(client, name) if registered.tags.get(PROPOSAL) == WAITING]
        newest_first = sorted(waiting, key=lambda registered: -int(registered.version))
        return [_version(name, registered, "") for registered in newest_first]


@at_most(SECONDS / 4, late)
def read_trained(name: str) -> list[Trained]:
    """The trainings of a registered model: its versions, and what missed a gate in a retraining.

    Raises:
        RegistryError: MLflow cannot be reached or refused.
    """
    client = connect()
    with mendable(client.tracking_uri):
        kept = [
            Trained(str(version.version), _at(version.creation_timestamp), read_basis(version.tags))
            for version in _versions(client, name)
        ]
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            return kept
        runs = client.search_runs([experiment.experiment_id], f"tags.{MISSED} != ''", max_results=_MOST_RUNS)
        return [*kept, *(Trained("", _at(run.info.start_time), read_basis(run.data.tags)) for run in runs)]


@at_most(SECONDS / 4, late)
def record_missed(name: str, basis: Basis, missed: str) -> None:
    """Remember a training that gave no version, so that the same is not trained again.

    Args:
        missed: the gates that it missed.

    Raises:
        RegistryError: MLflow cannot be reached or refused.
    """
    client = connect()
    with mendable(client.tracking_uri), _run(client, name, "missed a gate") as run:
        for tag, value in {MISSED: missed, **basis_tags(basis)}.items():
            client.set_tag(run.run_id, tag, value)


@at_most(SECONDS, late)
def fetch(name: str, version_or_alias: str, out: Path) -> Path:
    """Download the bundle of a version into the new folder `out` and verify it.

    Args:
        name: of the registered model.
        version_or_alias: "3", or "champion".
        out: the bundle's folder, absent or empty.

    Raises:
        SettingError: `out` holds something.
        RegistryError: MLflow cannot be reached or refused, has no such version or alias, or the artifacts are not the
            bundle that was registered.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError("the folder for the bundle is not empty", str(out), "Name a new folder.")
    client = connect()
    with mendable(client.tracking_uri), written_whole(out) as part:
        registered = _find(client, name, version_or_alias)
        address = f"{client.get_model_version_download_uri(name, registered.version)}/{_FOLDER}"
        folder = part.with_name("downloaded")
        folder.mkdir()
        Path(download_artifacts(address, dst_path=str(folder), tracking_uri=client.tracking_uri)).rename(part)
        _verify(part, registered)
    return out


@at_most(SECONDS, late)
def fetch_proposal(version: Version, out: Path) -> None:
    """Copy the files of a version's proposal into a folder; those of the same name are replaced.

    Raises:
        RegistryError: MLflow cannot be reached or refused, or the version has no proposal.
    """
    client = connect()
    with mendable(client.tracking_uri), tempfile.TemporaryDirectory() as folder:
        out.mkdir(parents=True, exist_ok=True)
        for path in Path(client.download_artifacts(version.run_id, _PROPOSAL, folder)).iterdir():
            with written_whole(out / path.name) as part:
                shutil.copyfile(path, part)


@contextmanager
def _run(client: MlflowClient, name: str, title: str) -> Iterator[RunInfo]:
    """A run in the experiment `name`, which ends as finished or, on an error, as failed."""
    experiment = client.get_experiment_by_name(name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(name, artifact_location())
    run = client.create_run(experiment_id, run_name=title).info
    try:
        yield run
    except BaseException:
        with suppress(MlflowException):
            client.set_terminated(run.run_id, "FAILED")
        raise
    client.set_terminated(run.run_id)


def _metrics(measured: dict[str, float], model: LoggedModel) -> list[Metric]:
    now = time.time_ns() // 1_000_000
    return [Metric(name, value, now, 0, model_id=model.model_id) for name, value in measured.items()]


def _upload(client: MlflowClient, bundle: Bundle, model: LoggedModel, run_id: str) -> None:
    client.log_model_artifacts(model.model_id, str(bundle.path), _FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "MLmodel"
        mlmodel(bundle, _FOLDER, model.model_id, run_id).save(path)
        client.log_model_artifact(model.model_id, str(path))
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    client.finalize_logged_model(model.model_id, "READY")


def _create_version(
    client: MlflowClient, tagged: dict[str, str], name: str, model: LoggedModel, run_id: str
) -> Version:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
            raise
    # The artifacts' own address: a database resolves `models:/<id>` by global settings, and not as this client does.
    location = model.artifact_location
    created = client.create_model_version(name, location, run_id, tags=tagged, model_id=model.model_id)
    return _version(name, created, f"{location}/{_FOLDER}")


def _version(name: str, registered: ModelVersion, address: str) -> Version:
    tagged = registered.tags
    digest, run_id = tagged["bundle_digest"], registered.run_id or ""
    states = (tagged.get(tag, "") for tag in (GATES, WAIVED, PROPOSAL, PROPOSED, DECIDED))
    return Version(name, str(registered.version), run_id, address, digest, *states)


def _find(client: MlflowClient, name: str, version_or_alias: str) -> ModelVersion:
    try:
        if version_or_alias.isdigit():
            return client.get_model_version(name, version_or_alias)
        return client.get_model_version_by_alias(name, version_or_alias)
    except MlflowException as error:
        # A model or version that is missing, and an alias that is.
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
    versions = sorted(int(version.version) for version in _versions(client, name))
    raise RegistryError(
        f"the model registry at {without_credentials(client.tracking_uri)} has no such version or alias of {name!r}",
        version_or_alias,
        f"It has versions: {', '.join(map(str, versions)) or 'none'}. Name one of them, or register a bundle.",
    )


def _versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions of a registered model; none where there is no such model."""
    quote = '"' if "'" in name else "'"  # MLflow's own language, which doubles none
    versions: list[ModelVersion] = []
    token: str | None = ""
    while token is not None:
        page = client.search_model_versions(f"name={quote}{name}{quote}", page_token=token or None)
        versions, token = [*versions, *page], page.token or None
    return versions


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


def _verify(downloaded: Path, version: ModelVersion) -> None:
    """Whole, and what was registered: a manifest that was rewritten together with its files is found too."""
    try:
        problem = "" if read_bundle(downloaded).digest == version.tags.get("bundle_digest") else "manifest.json"
    except BundleError as error:
        problem = str(error.value)
    if problem:
        raise RegistryError(
            f"the artifacts of version {version.version} of {version.name!r} are not the bundle that was registered",
            problem,
            "Do not use it: register the bundle again, and find out who can write to the artifact store.",
        )
