"""The pipelines as a cluster takes them: KFP's YAML, and Kubernetes objects."""

import hashlib
from pathlib import Path

from kfp import compiler
from kfp.compiler.compiler_utils import KubernetesManifestOptions

from earlybell import __version__
from pipelines.monitoring import monitoring
from pipelines.prediction import prediction
from pipelines.retraining import retraining
from pipelines.training import training

PIPELINES = {"training": training, "prediction": prediction, "monitoring": monitoring, "retraining": retraining}


def compile_all(folder: Path, namespace: str | None = None) -> list[Path]:
    """Write `NAME.yaml` (for the KFP client) and `NAME-kubernetes.yaml` (for kubectl) of each pipeline; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, pipeline in PIPELINES.items():
        plain, objects = folder / f"{name}.yaml", folder / f"{name}-kubernetes.yaml"
        version = compile_pipeline(name, plain)
        options = KubernetesManifestOptions(
            pipeline_name=pipeline_name(name),
            pipeline_display_name=pipeline_name(name),
            pipeline_version_name=version,
            namespace=namespace,
            include_pipeline_manifest=True,
        )
        compiler.Compiler().compile(
            pipeline, str(objects), kubernetes_manifest_format=True, kubernetes_manifest_options=options
        )
        written += [plain, objects]
    return written


def compile_pipeline(name: str, path: Path) -> str:
    """Write KFP's YAML of a pipeline; the name of its version.

    The name has the digest of the YAML: KFP never changes a version, and the same pipeline is the same version.
    """
    compiler.Compiler().compile(PIPELINES[name], str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{pipeline_name(name)}-{__version__}-{digest[:8]}"


def pipeline_name(name: str) -> str:
    """How a pipeline is called on a cluster."""
    return f"earlybell-{name}"
