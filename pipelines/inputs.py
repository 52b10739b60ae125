"""What the nightly pipelines begin with: the bundle of a version, and the tables of the sources."""

from typing import NamedTuple

from kfp import dsl

from components.extract.component import extract
from components.registry.component import fetch
from pipelines.cluster import LIGHT, MLFLOW, MOODLE, PSEUDONYM, STORE, TABLES, on_cluster
from pipelines.settings import MonitoringSettings, PredictionSettings, RetrainingSettings


class Inputs(NamedTuple):
    bundle: dsl.Model
    tables: dsl.Dataset


def read_inputs(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    settings: PredictionSettings | MonitoringSettings | RetrainingSettings,
) -> Inputs:
    """Add the two tasks to the pipeline that is being made; what they give."""
    fetched = fetch(
        model_name=settings.model_name,
        version=settings.version,
        folder=settings.bundle,
        model_version=settings.model_version,
    )
    extracted = extract(sources=sources, max_bad_share=settings.max_bad_share)
    on_cluster(fetched, LIGHT, MLFLOW, STORE, sources=True)
    on_cluster(extracted, TABLES, PSEUDONYM, MOODLE, sources=True)
    return Inputs(bundle=fetched.outputs["bundle"], tables=extracted.outputs["tables"])
