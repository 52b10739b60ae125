"""What comes next of a learner, by the heads of a bundle: each an ONNX graph of the features of the risk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.bundle.bands import Bands
from earlybell.bundle.heads import FOLDER, AnsweredHead, Head, Spread
from earlybell.predict.answer import Outlook
from earlybell.predict.evidence import Floats, Texts
from earlybell.predict.session import open_session

UNLIKE = ", unlike the risk: both are in doubt"


class HeadModel:
    """One head's graph.

    Raises:
        BundleError: it cannot be loaded.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self._session = open_session(path, threads)

    def answer(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The answers (n,) to raw features (n, features)."""
        return np.asarray(self._session.run(["answer"], {"features": values})[0], dtype=np.float64)


class Heads:
    """The heads of a bundle that are answered; an older bundle has none."""

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self._bands, self._names = bundle.bands, bundle.catalogue.names
        self._heads = [
            (answered, HeadModel(bundle.path / FOLDER / f"{answered.head.name}.onnx", threads))
            for answered in bundle.heads
        ]

    def outlooks(self, values: npt.NDArray[np.float32], band: Texts) -> Sequence[tuple[Outlook, ...]]:
        """What comes next of each moment; nothing of one with too little evidence.

        Args:
            values: raw features (n, features).
            band: (n,), of the risk.
        """
        outlooks: list[tuple[Outlook, ...]] = [()] * len(values)
        answered = np.flatnonzero(band != "insufficient_evidence")
        if not self._heads or not len(answered):
            return outlooks
        by_head = [self._outlooks(head, model, values[answered], band[answered]) for head, model in self._heads]
        for row, outlook in zip(answered.tolist(), zip(*by_head, strict=True), strict=True):
            outlooks[row] = outlook
        return outlooks

    def _outlooks(
        self, head: AnsweredHead, model: HeadModel, values: npt.NDArray[np.float32], band: Texts
    ) -> list[Outlook]:
        raw: Floats = model.answer(values)
        agrees = ~contradicts(head, raw, band, self._bands)
        nothing = np.full(len(raw), np.nan)
        value, low, high = raw, nothing, nothing
        if head.spread:
            value, low, high = within(head.spread, raw, values[:, self._names.index(head.spread.feature)])
        rows = zip(*(column.tolist() for column in (value, low, high, agrees)), strict=True)
        return [_outlook(head.head, *row) for row in rows]


def within(spread: Spread, raw: Floats, stage: Floats) -> tuple[Floats, Floats, Floats]:
    """Scores (n,) and the ends of their intervals, none beyond what training saw.

    Args:
        stage: (n,), the feature that the interval depends on; the widest where it is missing.
    """
    place = np.nan_to_num(np.asarray(stage, dtype=np.float64), nan=spread.at[0])
    value, low, high = (
        np.clip(ends, spread.least, spread.most)
        for ends in (raw, raw + np.interp(place, spread.at, spread.low), raw + np.interp(place, spread.at, spread.high))
    )
    return value, np.minimum(low, value), np.maximum(high, value)


def contradicts(head: AnsweredHead, raw: Floats, band: Texts, bands: Bands) -> npt.NDArray[np.bool_]:
    """Which answers (n,) lead to expect the opposite of the band (n,).

    Of learners with such an answer so few had label 1 that they would be called low where this one is called high, or
    the other way round.
    """
    share = np.interp(raw, head.implied.answer, head.implied.share)
    opposite = {"high": share < bands.medium, "low": share >= bands.high}
    doubts = [(band == name) & opposite[name] for name in head.doubts]
    return np.asarray(np.any([np.zeros(len(raw), dtype=bool), *doubts], axis=0))


def _outlook(head: Head, value: float, low: float, high: float, agrees: bool) -> Outlook:
    of_hundred = min(max(round(100 * value), 1), 99)  # never certain
    words = (
        head.words.format(of_hundred=of_hundred, others=100 - of_hundred)
        if head.kind == "probability"
        else head.words.format(value=round(value), low=round(low), high=round(high))
    )
    ends: tuple[float | None, float | None] = (None, None) if np.isnan(low) else (low, high)
    return Outlook(head.name, value, ends[0], ends[1], agrees, words if agrees else words + UNLIKE)
