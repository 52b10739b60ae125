"""Registration as a KFP component."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def register(bundle: dsl.Input[dsl.Model], model_name: str, version: dsl.Output[dsl.Artifact]) -> None:
    """The sealed bundle as a version in the registry, tagged `candidate`."""
    import json
    from dataclasses import asdict
    from pathlib import Path

    from components.registry import register as register_bundle
    from components.reporting import errors_reported, progress

    with errors_reported():
        found = register_bundle(Path(bundle.path), name=model_name)
        Path(version.path).write_text(json.dumps(asdict(found)))
        version.metadata.update({"name": found.name, "version": str(found.version)})
        progress("register", f"{found.name} version {found.version}, tagged candidate")
