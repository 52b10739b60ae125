"""The one way to a prediction: score, calibrated risk, band, doubt and reasons of a bundle."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from earlybell.bundle import Bundle
from earlybell.errors import BundleError
from earlybell.predict.answer import MOMENT, OUTPUTS, Band, Doubt, Explanation, Interval, Outlook, Prediction, Reason
from earlybell.predict.attribution import attribute, read_calibration
from earlybell.predict.correction import Correction, Course, Key, correct, corrections
from earlybell.predict.counterfactual import Search
from earlybell.predict.courses import courses_of
from earlybell.predict.evidence import Texts, band_of, doubts
from earlybell.predict.explain import Explainer, make_explainer
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.heads import Heads
from earlybell.predict.moments import create_moments
from earlybell.predict.session import open_session

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Shift = float | Doubles
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
        doubt: shape (n,), why the band is insufficient_evidence; else empty.
        correction: shape (n,), what was added to the log-odds of the risk for its course.
        reasons: of each moment, the strongest first.
        outlook: of each moment, what comes next by each head; empty where it was not asked.
        corrections: of each course run at each moment; empty where they were not computed here.
    """

    observed: Observed
    risk: npt.NDArray[np.float64]
    band: Texts
    doubt: Texts
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    correction: npt.NDArray[np.float64]
    reasons: Sequence[tuple[Reason, ...]]
    outlook: Sequence[tuple[Outlook, ...]]
    corrections: Mapping[Key, Correction] = field(default_factory=dict)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """By name the columns of `ROW`, all but the lists."""
        of_moments = {name: getattr(self.observed, name) for name in MOMENT}
        return of_moments | {name: getattr(self, name) for name in OUTPUTS}

    def estimates(self) -> Iterator[tuple[str, float, Interval, Band, Doubt, float]]:
        """Of each moment the fields of an `Estimate`."""
        intervals = map(Interval, self.low.tolist(), self.high.tolist())
        columns = (self.observed.learner_id, self.risk, self.band, self.doubt, self.correction)
        learner_id, risk, band, doubt, correction = (column.tolist() for column in columns)
        return zip(learner_id, risk, intervals, band, doubt, correction, strict=True)

    def learners(self) -> list[Prediction]:
        """The answer about each moment."""
        answers = zip(self.estimates(), self.reasons, self.outlook, strict=True)
        return [Prediction(*estimate, reasons, outlook) for estimate, reasons, outlook in answers]


class Predictor:
    """A bundle made ready to predict.

    Raises:
        BundleError: the model cannot be loaded, or does not take the catalogue's features.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self.bundle = bundle
        self._session = _session(bundle, threads)
        self._explainer: Explainer = make_explainer(bundle, threads)
        self._heads = Heads(bundle, threads)
        self._search = Search(bundle, lambda values: self.score(values).risk)
        catalogue = bundle.catalogue
        self._can_be_reason = np.array([one.family not in catalogue.never_reasons for one in catalogue.features])

    def score(self, values: Floats) -> Scores:
        """The model's graph over raw features (n, features)."""
        parts = [values[i : i + BATCH] for i in range(0, max(len(values), 1), BATCH)]
        outputs = [self._session.run([*Scores._fields], {"features": part}) for part in parts]
        return Scores(*(np.concatenate(column) for column in zip(*outputs, strict=True)))

    def predict(
        self,
        observed: Observed,
        most_reasons: int = 3,
        correction: Shift = 0.0,
        doubt: Doubt | Texts = "",
        *,
        outlook: bool = True,
    ) -> Predictions:
        """Risk, band, doubt, the strongest reasons and the outlook of each moment; what is not asked is not computed.

        A learner alone shows nothing of the course run as a whole: what is known of that must be given.

        Args:
            correction: what is added to the log-odds of the risks, of all or of each (n,).
            doubt: of the course run, of all or of each (n,).
        """
        return self._predicted(observed, self.score(observed.values), most_reasons, correction, doubt, outlook)

    def explain(
        self, observed: Observed, correction: Shift = 0.0, doubt: Doubt | Texts = ""
    ) -> tuple[Predictions, Iterator[Explanation]]:
        """Predictions without reasons, and the explanation of each moment; one at a time, as each takes some
        milliseconds to look for its counterfactual. The rest is as of `predict`."""
        scores = self.score(observed.values)
        predictions = self._predictions(observed, scores.risk, [()] * len(observed), correction, doubt)
        return predictions, self._explanations(predictions, scores, self.effects(scores.scaled))

    def predict_tables(self, folder: Path, as_of: str, most_reasons: int = 3) -> Predictions:
        """Predict for everybody enrolled as of a moment (see `create_moments`) in a folder of canonical tables.

        Risks are corrected for each course run as a whole, and it may be doubted, as all its learners are there: see
        `corrections`.
        """
        observed, courses = observe_tables(self.bundle, folder, as_of)
        scores = self.score(observed.values)
        made = corrections(self.bundle.history, courses, observed, scores.risk, self.bundle.bands.level_error)
        predictions = self._predicted(observed, scores, most_reasons, made.shift, made.doubt, outlook=True)
        return replace(predictions, corrections=made.by_course)

    def _predicted(
        self,
        observed: Observed,
        scores: Scores,
        most_reasons: int,
        correction: Shift,
        doubt: Doubt | Texts,
        outlook: bool,
    ) -> Predictions:
        reasons: Sequence[tuple[Reason, ...]] = [()] * len(observed)
        if most_reasons:
            effects = self.effects(scores.scaled)
            reasons = [self._reasons(*moment, most_reasons) for moment in zip(observed.values, effects, strict=True)]
        predictions = self._predictions(observed, scores.risk, reasons, correction, doubt)
        if not outlook:
            return predictions
        return replace(predictions, outlook=self._heads.outlooks(observed.values, predictions.band))

    @property
    def base(self) -> float:
        """The score that effects start from."""
        return self._explainer.base

    def effects(self, scaled: Floats) -> Floats:
        """Effect of each feature on the score, shape (n, features): with `base` they add up to the score."""
        return self._explainer.effects(scaled)

    def _band(self, risk: Doubles, doubt: Texts) -> Texts:
        bands = self.bundle.bands
        return np.where(doubt == "", band_of(bands, risk), "insufficient_evidence")

    def _interval(self, risk: Doubles) -> tuple[Doubles, Doubles]:
        known = self.bundle.bands.interval
        low, high = (np.interp(risk, known.risk, end) for end in (known.low, known.high))
        return np.minimum(low, risk), np.maximum(high, risk)

    def _predictions(
        self,
        observed: Observed,
        score: Floats,
        reasons: Sequence[tuple[Reason, ...]],
        correction: Shift,
        of_course: Doubt | Texts,
    ) -> Predictions:
        risk, shift = correct(score, correction), np.broadcast_to(np.asarray(correction, dtype=np.float64), score.shape)
        doubt = doubts(self.bundle.bands, observed, self.bundle.catalogue.names, of_course)
        band, nothing = self._band(risk, doubt), [()] * len(observed)
        return Predictions(observed, risk, band, doubt, *self._interval(risk), shift, reasons, nothing)

    def _explanations(self, predictions: Predictions, scores: Scores, effects: Floats) -> Iterator[Explanation]:
        observed, features = predictions.observed, self.bundle.catalogue.features
        calibrations = {shift: read_calibration(self.bundle, shift) for shift in set(predictions.correction.tolist())}
        moments = zip(predictions.estimates(), observed.values, observed.days_seen, scores.score, effects, strict=True)
        for estimate, values, days_seen, score, row in moments:
            _, risk, _, band, _, shift = estimate
            yield Explanation(
                *estimate,
                score=float(score),
                base=self.base,
                effects=attribute(features, values, row),
                calibration=calibrations[shift],
                counterfactual=self._search.smallest(values, float(days_seen), risk, band, shift),
            )

    def _reasons(self, values: Floats, effects: Floats, most: int) -> tuple[Reason, ...]:
        features = self.bundle.catalogue.features
        groups: dict[str, list[int]] = {}
        for i in np.flatnonzero((effects != 0) & ~np.isnan(values) & self._can_be_reason).tolist():
            groups.setdefault(features[i].indicator or features[i].name, []).append(i)
        totals = [(float(effects[members].sum()), members) for members in groups.values()]
        strongest = sorted(totals, key=lambda pair: -abs(pair[0]))[:most]
        return tuple(self._reason(values, effects, total, members) for total, members in strongest)

    def _reason(self, values: Floats, effects: Floats, total: float, members: Sequence[int]) -> Reason:
        """Of features that belong together, by the one that says the most of it."""
        i = max(members, key=lambda i: float(effects[i] * np.sign(total)))
        feature, value = self.bundle.catalogue.features[i], float(values[i])
        return Reason(feature.name, value, total, feature.say(value), feature.changeable)


def observe_tables(bundle: Bundle, folder: Path, as_of: str) -> tuple[Observed, dict[Key, Course]]:
    """What is known of everybody enrolled as of a moment in a folder of canonical tables, and their course runs."""
    connection = open_tables(folder)
    create_moments(connection, as_of)
    courses = courses_of(connection)
    confine(connection, folder)
    return observe(connection, bundle.sql, bundle.catalogue.names), courses


def _session(bundle: Bundle, threads: int) -> onnxruntime.InferenceSession:
    session = open_session(bundle.path / "model.onnx", threads)
    width = session.get_inputs()[0].shape[1]
    if width != len(bundle.catalogue.features):
        raise BundleError(f"model of {bundle.path} takes another number of features", width, "Train again.")
    return session
