"""The kinds that the chart and the manifests use, as the Go modules of their makers define them."""

from pathlib import Path

from tests.apiserver import module

ROOT = Path(__file__).parents[2]


def definitions() -> list[Path]:
    """Files, and folders of files, of CustomResourceDefinitions."""
    kserve = module("kserve") / "charts/kserve-crd/templates"
    return [
        *(kserve / f"serving.kserve.io_{name}.yaml" for name in ("inferenceservices", "servingruntimes")),
        module("gateway_api") / "config/crd/standard",
        module("prometheus_operator") / "example/prometheus-operator-crd",
    ]
