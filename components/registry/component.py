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

    from components.registry import register as register_bundle
    from components.reporting import errors_reported, progress

    with errors_reported():
        found = register_bundle(Path(bundle.path), name=model_name, settings={"tables": tables.uri})
        Path(version.path).write_text(json.dumps(asdict(found)))
        version.metadata.update({"name": found.name, "version": str(found.version)})
        progress("register", f"{found.name} version {found.version}, tagged candidate")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fetch(model_name: str, version: str, folder: str, bundle: dsl.Output[dsl.Model]) -> None:
    """The bundle of a version or alias, verified; or that of a folder which every task can read, where one is named."""
    import shutil
    from pathlib import Path

    from components.reporting import errors_reported, progress
    from earlybell.bundle import read_bundle

    with errors_reported():
        place, named = Path(bundle.path), folder or f"{model_name} {version}"
        if folder:
            shutil.copytree(read_bundle(Path(folder)).path, place)
        else:
            from components.registry import fetch as fetch_bundle

            fetch_bundle(model_name, version, place)
        found = read_bundle(place)
        bundle.metadata.update({"from": named, "digest": found.digest, "algorithm": found.manifest["algorithm"]})
        progress("fetch", f"{named}, digest {found.digest[:12]}")
