"""The one way to a prediction: score, calibrated risk, band, doubt and reasons of a bundle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from earlybell.bundle import Bundle
from earlybell.errors import BundleError
from earlybell.predict.answer import MOMENT, OUTPUTS, Band, Explanation, Interval, Prediction, Reason
from earlybell.predict.attribution import attribute, read_calibration
from earlybell.predict.counterfactual import Search
from earlybell.predict.evidence import enough_evidence
from earlybell.predict.explain import Explainer, make_explainer
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.moments import create_moments

Floats = npt.NDArray[np.float32]
BATCH = 65_536  # rows scored at a time: bounds the memory of a whole site


class Scores(NamedTuple):
    """What the model gives for n moments: the features as it scales them (n, features), the score before calibration
    (n,) and the risk (n,)."""

    scaled: Floats
    score: Floats
    risk: Floats


@dataclass(frozen=True)
class Predictions:
    """Predictions for n moments, a column each of `earlybell.predict.answer.Prediction`.

    Attributes:
        observed: whom and what they are about.
        risk, low, high, band: shape (n,).
        reasons: of each moment, the strongest first.
    """

    observed: Observed
    risk: npt.NDArray[np.float64]
    band: npt.NDArray[np.str_]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    reasons: Sequence[tuple[Reason, ...]]

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """By name the columns of `ROW`, all but the reasons."""
        of_moments = {name: getattr(self.observed, name) for name in MOMENT}
        return of_moments | {name: getattr(self, name) for name in OUTPUTS}

    def estimates(self) -> Iterator[tuple[str, float, Interval, Band]]:
        """Of each moment the fields of an `Estimate`."""
        intervals = map(Interval, self.low.tolist(), self.high.tolist())
        return zip(self.observed.learner_id.tolist(), self.risk.tolist(), intervals, self.band.tolist(), strict=True)

    def learners(self) -> list[Prediction]:
        """The answer about each moment."""
        return [Prediction(*estimate, why) for estimate, why in zip(self.estimates(), self.reasons, strict=True)]


class Predictor:
    """A bundle made ready to predict.

    Raises:
        BundleError: the model cannot be loaded, or does not take the catalogue's features.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self.bundle = bundle
        self._session = _session(bundle, threads)
        self._explainer: Explainer = make_explainer(bundle, threads)

    def score(self, values: Floats) -> Scores:
        """The model's graph over raw features (n, features)."""
        parts = [values[i : i + BATCH] for i in range(0, max(len(values), 1), BATCH)]
        outputs = [self._session.run([*Scores._fields], {"features": part}) for part in parts]
        return Scores(*(np.concatenate(column) for column in zip(*outputs, strict=True)))

    def predict(self, observed: Observed, most_reasons: int = 3) -> Predictions:
        """Risk, band, doubt and the strongest reasons of each moment; no reasons are computed where none are asked."""
        scores = self.score(observed.values)
        if not most_reasons:
            return self._predictions(observed, scores.risk, [()] * len(observed))
        effects = self.effects(scores.scaled)
        reasons = [self._reasons(*moment, most_reasons) for moment in zip(observed.values, effects, strict=True)]
        return self._predictions(observed, scores.risk, reasons)

    def explain(self, observed: Observed) -> tuple[Predictions, Iterator[Explanation]]:
        """Predictions without reasons, and the explanation of each moment; one at a time, as each takes some
        milliseconds to look for its counterfactual."""
        scores = self.score(observed.values)
        predictions = self._predictions(observed, scores.risk, [()] * len(observed))
        return predictions, self._explanations(predictions, scores, self.effects(scores.scaled))

    def predict_tables(self, folder: Path, as_of: str) -> Predictions:
        """Predict for everybody enrolled as of a moment (see `create_moments`) in a folder of canonical tables."""
        connection = open_tables(folder)
        create_moments(connection, as_of)
        confine(connection, folder)
        return self.predict(observe(connection, self.bundle.sql, self.bundle.catalogue.names))

    @property
    def base(self) -> float:
        """The score that effects start from."""
        return self._explainer.base

    def effects(self, scaled: Floats) -> Floats:
        """Effect of each feature on the score, shape (n, features): with `base` they add up to the score."""
        return self._explainer.effects(scaled)

    def _band(self, observed: Observed, risk: Floats) -> npt.NDArray[np.str_]:
        bands = self.bundle.bands
        named = np.where(risk >= bands.high, "high", np.where(risk >= bands.medium, "medium", "low"))
        enough = enough_evidence(bands, observed.values, self.bundle.catalogue.names, observed.days_seen)
        return np.where(enough, named, "insufficient_evidence")

    def _doubt(self, risk: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        known = self.bundle.bands.interval
        low, high = (np.interp(risk, known.risk, end) for end in (known.low, known.high))
        return np.minimum(low, risk), np.maximum(high, risk)

    def _predictions(self, observed: Observed, risk: Floats, reasons: Sequence[tuple[Reason, ...]]) -> Predictions:
        low, high = self._doubt(risk)
        return Predictions(observed, risk.astype(np.float64), self._band(observed, risk), low, high, reasons)

    def _explanations(self, predictions: Predictions, scores: Scores, effects: Floats) -> Iterator[Explanation]:
        observed, features = predictions.observed, self.bundle.catalogue.features
        calibration, search = read_calibration(self.bundle), Search(self.bundle, lambda values: self.score(values).risk)
        moments = zip(predictions.estimates(), observed.values, observed.days_seen, scores.score, effects, strict=True)
        for estimate, values, days_seen, score, row in moments:
            _, risk, _, band = estimate
            yield Explanation(
                *estimate,
                score=float(score),
                base=self.base,
                effects=attribute(features, values, row),
                calibration=calibration,
                counterfactual=search.smallest(values, float(days_seen), risk, band),
            )

    def _reasons(self, values: Floats, effects: Floats, most: int) -> tuple[Reason, ...]:
        features = self.bundle.catalogue.features
        groups: dict[str, list[int]] = {}
        for i in np.flatnonzero((effects != 0) & ~np.isnan(values)).tolist():
            if features[i].family == "calendar":  # how far the course has come is nobody's doing
                continue
            groups.setdefault(features[i].indicator or features[i].name, []).append(i)
        reasons = []
        for members in groups.values():
            total = float(effects[members].sum())
            i = max(members, key=lambda i: float(effects[i] * np.sign(total)))
            feature, value = features[i], float(values[i])
            reasons.append(Reason(feature.name, value, total, feature.say(value), feature.changeable))
        return tuple(sorted(reasons, key=lambda reason: -abs(reason.effect))[:most])


def _session(bundle: Bundle, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(bundle.path / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime raises its own undocumented classes
        raise BundleError(f"cannot load {bundle.path}/model.onnx", str(error), "Train again.") from None
    width = session.get_inputs()[0].shape[1]
    if width != len(bundle.catalogue.features):
        raise BundleError(f"model of {bundle.path} takes another number of features", width, "Train again.")
    return session
