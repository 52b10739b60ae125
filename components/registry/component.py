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
    from components.reporting import done, errors_reported

    with errors_reported():
        registered = register_bundle(Path(bundle.path), name=model_name, settings={"tables": tables.uri})
        Path(version.path).write_text(json.dumps(asdict(registered)))
        version.metadata.update({"name": registered.name, "version": str(registered.version)})
        done("register", f"{registered.name} version {registered.version}, tagged candidate")


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
