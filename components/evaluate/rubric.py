"""What evaluation.json says of a rubric label: its rubric, agreement with ratings, and what overlap would add."""

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import structs
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from components.evaluate.metrics import interval, measure, resample
from components.examples import Examples
from earlybell.bundle.evaluation import Overlap, RubricFacts
from earlybell.bundle.figures import Measured
from earlybell.tables.sql import connect, parquet, quoted_path

RESAMPLES = 200


def rubric_facts(labels: Path, examples: Examples, mask: npt.NDArray[np.bool_], seed: int) -> RubricFacts | None:
    """The rubric's version and threshold, agreement by indicator, and `overlap`; None for another label.

    `overlap` has the AUC with its interval of one plain logistic regression, on learners that it was not fitted on, for
    two labels of the same rows: `after`, of what comes after the moment, and `whole`, of the whole run.

    Args:
        mask: the rows (n,) to measure: those of one cut-off.
    """
    connection = connect()
    known = f"SELECT decode(key), decode(value) FROM parquet_kv_metadata({quoted_path(labels)})"
    metadata = dict(connection.execute(known).fetchall())
    if "rubric" not in metadata:
        return None
    facts = msgspec.json.decode(metadata["rubric"], type=RubricFacts)
    found = connection.execute(f"SELECT overlap_label FROM {parquet(labels)} ORDER BY moment_id").fetchnumpy()
    whole = np.ma.filled(np.ma.asarray(found["overlap_label"], dtype=np.float64), np.nan)
    kept = examples.where(mask & ~np.isnan(whole))
    labels_of = (kept.label, whole[mask & ~np.isnan(whole)].astype(np.int32))
    return structs.replace(facts, overlap=Overlap(*(_auc(kept, label, seed) for label in labels_of)))


def _auc(examples: Examples, label: npt.NDArray[np.int32], seed: int) -> Measured:
    if not _learnable(label, examples.learner_fold):
        return Measured()
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression(C=0.1)
    )
    with threadpool_limits(limits=1):
        folds = PredefinedSplit(examples.learner_fold)
        risk = cross_val_predict(model, examples.values, label, cv=folds, method="predict_proba")[:, 1]
    return interval(measure(label, risk, resample(examples.learner, RESAMPLES, seed))["roc_auc"])


def _learnable(label: npt.NDArray[np.int32], fold: npt.NDArray[np.int32]) -> bool:
    """Whether each fold leaves both labels to learn from."""
    folds = np.unique(fold)
    return len(folds) > 1 and all(len(np.unique(label[fold != one])) == 2 for one in folds)
