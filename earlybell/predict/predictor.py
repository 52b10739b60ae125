"""The one way to a prediction: score, calibrated risk, band, doubt and reasons of a bundle."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from earlybell.bundle import Bundle
from earlybell.errors import BundleError
from earlybell.predict.attribution import Explanation, attribute, read_calibration
from earlybell.predict.counterfactual import Counterfactual, Search
from earlybell.predict.evidence import enough_evidence
from earlybell.predict.explain import Explainer, make_explainer
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.moments import create_moments

Floats = npt.NDArray[np.float32]
BATCH = 65_536  # rows scored at a time: bounds the memory of a whole site


@dataclass(frozen=True)
class Reason:
    """Why a risk is higher or lower: the strongest feature of one indicator, in the catalogue's words.

    `effect` is the indicator's whole effect on the score, in log-odds or in probability as the bundle's reasons say.
    """

    feature: str
    value: float
    effect: float
    words: str
    changeable: bool


@dataclass(frozen=True)
class Predictions:
    """Predictions for n moments: `observed` and, each of shape (n,), the risk (probability of label 1), the band, and
    `low` and `high`: the Venn-Abers interval, from learners of course runs that the model had not seen.
    """

    observed: Observed
    risk: npt.NDArray[np.float64]
    band: npt.NDArray[np.str_]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    reasons: list[list[Reason]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One plain record a moment."""
        for i, reasons in enumerate(self.reasons):
            yield {
                "course_id": str(self.observed.course_id[i]),
                "learner_id": str(self.observed.learner_id[i]),
                "as_of": self.observed.as_of[i].item().isoformat(),
                "risk": float(self.risk[i]),
                "low": float(self.low[i]),
                "high": float(self.high[i]),
                "band": str(self.band[i]),
                "reasons": [asdict(reason) for reason in reasons],
            }


class Predictor:
    """A bundle made ready to predict.

    Raises:
        BundleError: the model cannot be loaded, or does not take the catalogue's features.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self.bundle = bundle
        self._session = _session(bundle, threads)
        self._explainer: Explainer = make_explainer(bundle, threads)

    def score(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Scaled features (n, features), score before calibration (n,) and risk (n,) of raw features (n, features)."""
        parts = [values[i : i + BATCH] for i in range(0, max(len(values), 1), BATCH)]
        outputs = [self._session.run(["scaled", "score", "risk"], {"features": part}) for part in parts]
        scaled, score, risk = (np.concatenate(column) for column in zip(*outputs, strict=True))
        return scaled, score, risk

    def predict(self, observed: Observed, most_reasons: int = 3) -> Predictions:
        """Risk, band, doubt and the strongest reasons of each moment; no reasons are computed where none are asked."""
        scaled, _, risk = self.score(observed.values)
        low, high = self._doubt(risk)
        reasons = self._all_reasons(observed.values, scaled, most_reasons) if most_reasons else [[] for _ in risk]
        return Predictions(observed, risk.astype(np.float64), self._band(observed, risk), low, high, reasons)

    def explain(self, observed: Observed) -> list[Explanation]:
        """The full attribution of each moment: base + effects = score, and the map from score to risk."""
        scaled, score, risk = self.score(observed.values)
        effects, features = self._explainer.effects(scaled), self.bundle.catalogue.features
        calibration = read_calibration(self.bundle)
        return [
            Explanation(
                self.base,
                attribute(features, values, row),
                float(one_score),
                calibration,
                float(one_risk),
            )
            for values, row, one_score, one_risk in zip(observed.values, effects, score, risk, strict=True)
        ]

    def counterfactuals(self, observed: Observed) -> Iterator[Counterfactual]:
        """Of each moment the smallest change in what the learner can change that would move the band; one at a time,
        as each takes some milliseconds."""
        risk = self.score(observed.values)[2]
        search = Search(self.bundle, lambda values: self.score(values)[2])
        moments = zip(observed.values, observed.days_seen, risk, self._band(observed, risk), strict=True)
        return (search.smallest(row, float(days), float(one), str(band)) for row, days, one, band in moments)

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

    def _all_reasons(self, values: Floats, scaled: Floats, most: int) -> list[list[Reason]]:
        effects = self._explainer.effects(scaled)
        return [self._reasons(one, row, most) for one, row in zip(values, effects, strict=True)]

    def _reasons(self, values: Floats, effects: Floats, most: int) -> list[Reason]:
        features = self.bundle.catalogue.features
        groups: dict[str, list[int]] = {}
        for i in np.flatnonzero((effects != 0) & ~np.isnan(values)).tolist():
            if features[i].family == "calendar":  # how far the course has come is nobody's doing
                continue
            groups.setdefault(features[i].indicator or features[i].name, []).append(i)
        found = []
        for members in groups.values():
            total = float(effects[members].sum())
            i = max(members, key=lambda i: float(effects[i] * np.sign(total)))
            feature, value = features[i], float(values[i])
            found.append(Reason(feature.name, value, total, feature.say(value), feature.changeable))
        return sorted(found, key=lambda reason: -abs(reason.effect))[:most]


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
