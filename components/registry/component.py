"""Registration, and taking a version from the registry, as KFP components."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def register(
    bundle: dsl.Input[dsl.Model], tables: dsl.Input[dsl.Dataset], model_name: str, version: dsl.Output[dsl.Artifact]
) -> None:
    """The sealed bundle as a version in the registry, tagged `candidate`; its run says where its tables lie."""
    import json
    from dataclasses import asdict
    from pathlib import Path

    from components.basis import basis_of
    from components.registry import register as register_bundle
    from components.reporting import done, errors_reported
    from earlybell.bundle import read_bundle

    with errors_reported():
        basis = basis_of(read_bundle(Path(bundle.path)), Path(tables.path))
        settings = {"tables": tables.uri}
        registered = register_bundle(Path(bundle.path), name=model_name, settings=settings, basis=basis)
        Path(version.path).write_text(json.dumps(asdict(registered)))
        version.metadata.update({"name": registered.name, "version": str(registered.version)})
        done("register", f"{registered.name} version {registered.version}, tagged candidate")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def list_trainings(model_name: str, trainings: dsl.Output[dsl.Artifact]) -> None:
    """The earlier trainings of a registered model; none where it is not registered."""
    from pathlib import Path

    from components.registry import read_trained
    from components.reporting import done, errors_reported
    from earlybell.bundle.json_files import write_json
    from earlybell.counts import counted

    with errors_reported():
        trained = read_trained(model_name)
        write_json(Path(trainings.path), trained)
        done("list_trainings", counted(len(trained), "earlier training"))


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def propose(
    model_name: str,
    approval: str,
    trail: str,
    trail_anchors: str,
    bundle: dsl.Input[dsl.Model],
    tables: dsl.Input[dsl.Dataset],
    proposal: dsl.Input[dsl.Artifact],
    page: dsl.Input[dsl.HTML],
    version: dsl.Output[dsl.Artifact],
) -> None:
    """The sealed bundle as a version whose proposal waits for a person, or, if the site says so, is approved.

    What missed a gate is remembered, so that the same is not trained again, and ends the run.
    """
    import json
    import shutil
    import tempfile
    from dataclasses import asdict
    from pathlib import Path

    from components.registry import Proposed, record_missed
    from components.registry import register as register_bundle
    from components.registry.approval import approved_by_site
    from components.reporting import done, errors_reported, progress
    from components.retraining import Proposal
    from earlybell.bundle.json_files import read_json
    from earlybell.errors import GateError
    from earlybell.gates import require_verdict

    with errors_reported(), tempfile.TemporaryDirectory() as folder:
        proposed = read_json(Path(proposal.path), Proposal)
        basis = proposed.decision.basis
        try:
            verdict = require_verdict(Path(bundle.path))
        except GateError as error:
            record_missed(model_name, basis, str(error.value))
            raise
        for finding in verdict.findings:
            progress("propose", str(finding))
        files = {Path(proposal.path): "proposal.json", Path(page.path): "proposal.html"}
        copies = tuple(Path(shutil.copyfile(path, Path(folder) / name)) for path, name in files.items())
        approved = approved_by_site(proposed, approval, model_name, trail, trail_anchors)
        registered = register_bundle(
            Path(bundle.path),
            name=model_name,
            settings={"tables": tables.uri},
            basis=basis,
            proposal=Proposed(proposed.sentence, approved, copies),
        )
        Path(version.path).write_text(json.dumps(asdict(registered)))
        version.metadata.update({"name": registered.name, "version": str(registered.version)})
        done("propose", f"{registered.name} version {registered.version}: {registered.proposal}")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fetch(model_name: str, version: str, folder: str, model_version: str, bundle: dsl.Output[dsl.Model]) -> None:
    """The bundle of a version or alias, verified; or that of a folder which every task can read, where one is named.

    Its metadata has what records call the version: the registry's number; of a folder's bundle `model_version`, or,
    if that is empty, the first digits of its digest.
    """
    import shutil
    from pathlib import Path

    from components.reporting import done, errors_reported
    from earlybell.bundle import read_bundle

    with errors_reported():
        place, named = Path(bundle.path), folder or f"{model_name} {version}"
        if folder:
            shutil.copytree(read_bundle(Path(folder)).path, place)
        else:
            from components.registry import fetch as fetch_bundle
            from components.registry import find

            model_version = find(model_name, version).version  # an alias may move before the records are written
            fetch_bundle(model_name, model_version, place)
        opened = read_bundle(place)
        facts = {"from": named, "version": model_version or opened.version, "digest": opened.digest}
        bundle.metadata.update(facts | {"algorithm": opened.manifest.algorithm})
        done("fetch", f"{named}: version {facts['version']}, digest {opened.digest[:12]}")
