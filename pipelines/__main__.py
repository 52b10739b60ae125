"""`python -m pipelines compile FOLDER`: the pipelines for a cluster, as KFP's YAML and as Kubernetes objects."""

import sys
from pathlib import Path

from kfp import compiler
from kfp.compiler.compiler_utils import KubernetesManifestOptions

from pipelines.prediction import prediction
from pipelines.training import training

PIPELINES = {"training": training, "prediction": prediction}


def compile_all(folder: Path) -> list[Path]:
    """Write `NAME.yaml` (for the KFP client) and `NAME-kubernetes.yaml` (for kubectl) of each pipeline; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, pipeline in PIPELINES.items():
        plain, objects = folder / f"{name}.yaml", folder / f"{name}-kubernetes.yaml"
        compiler.Compiler().compile(pipeline, str(plain))
        options = KubernetesManifestOptions(
            pipeline_name=f"earlybell-{name}", pipeline_display_name=f"earlybell-{name}", include_pipeline_manifest=True
        )
        compiler.Compiler().compile(
            pipeline, str(objects), kubernetes_manifest_format=True, kubernetes_manifest_options=options
        )
        written += [plain, objects]
    return written


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "compile":
        sys.exit("usage: python -m pipelines compile FOLDER")
    for path in compile_all(Path(sys.argv[2])):
        sys.stdout.write(f"{path}\n")
