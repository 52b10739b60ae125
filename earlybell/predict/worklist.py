"""The worklist: whom the staff should look at first, within their capacity."""

import csv
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle, Catalogue
from earlybell.errors import SettingError
from earlybell.predict.answer import DOUBT_WORDS, Doubt, Reason
from earlybell.predict.predictor import Predictions
from earlybell.whole import written_whole

Rows = npt.NDArray[np.int64]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula


@dataclass(frozen=True)
class Entry:
    """A learner on the worklist of a course run, `rank` 1 first.

    Attributes:
        risk, low, high: None where the learner is listed by facts.
        reasons: in words, what can be changed first; or the facts.
        outlook: what comes next, in words.
        doubt: why no risk is said, in words; empty where one is.
    """

    rank: int
    course_id: str
    learner_id: str
    as_of: str
    risk: float | None
    low: float | None
    high: float | None
    band: str
    reasons: str
    outlook: str = ""
    doubt: str = ""


def bundle_capacity(bundle: Bundle) -> float:
    """The capacity that the bundle's thresholds were made for; a fifth of the learners, where it does not say."""
    return bundle.manifest.settings.capacity


def check_capacity(capacity: float) -> None:
    """
    Raises:
        SettingError: it is not above 0.
    """
    if not 0 < capacity < math.inf:
        raise SettingError("capacity is not above 0", capacity, "A number of learners (20), or a share (0.2).")


def make_worklist(predictions: Predictions, capacity: float, catalogue: Catalogue) -> list[Entry]:
    """The learners of each course run (and moment) by risk, as many as the staff can see.

    Whoever has too little evidence is not ranked. Of equal risks the one with the higher `low` comes first, then by id.
    Where a run as a whole is in doubt, those are listed of whom a fact of the catalogue's `fallback` asks for a look:
    by the size of the first fact, then of the next, then by id. No risk is said there, and `doubt` says why.

    Args:
        capacity: learners of a course run, 1 or more; below 1: a share of all its learners, but one at least.

    Raises:
        SettingError: the capacity is not above 0.
    """
    check_capacity(capacity)
    seen = predictions.observed
    keys = np.char.add(np.char.add(seen.course_id.astype(str), "\n"), seen.as_of.astype(str))
    entries: list[Entry] = []
    for key in np.unique(keys):
        learners = np.flatnonzero(keys == key)
        in_doubt = bool((predictions.doubt[learners] == "course_level").any())
        ranked = _by_facts(predictions, learners, catalogue) if in_doubt else _by_risk(predictions, learners.tolist())
        entries += [
            replace(entry, rank=rank) for rank, entry in enumerate(ranked[: _places(capacity, len(learners))], 1)
        ]
    return entries


def write_worklist(entries: list[Entry], out: Path) -> None:
    """Write the worklist as CSV (UTF-8, a header), whole or not at all; no cell can be taken for a formula."""
    with written_whole(out) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(field.name for field in fields(Entry))
        rows.writerows(map(_cell, astuple(entry)) for entry in entries)


def _places(capacity: float, learners: int) -> int:
    return max(1, math.floor(capacity * learners + 1e-9)) if capacity < 1 else math.floor(capacity)


def _by_risk(predictions: Predictions, learners: list[int]) -> list[Entry]:
    ranked = [i for i in learners if predictions.band[i] != "insufficient_evidence"]
    ranked.sort(key=lambda i: (-predictions.risk[i], -predictions.low[i], str(predictions.observed.learner_id[i])))
    return [_entry(predictions, i) for i in ranked]


def _by_facts(predictions: Predictions, learners: Rows, catalogue: Catalogue) -> list[Entry]:
    places = [catalogue.names.index(fact.feature) for fact in catalogue.fallback]
    values = np.nan_to_num(predictions.observed.values[learners][:, places], nan=-np.inf)
    asks = values >= [fact.least for fact in catalogue.fallback]
    ids = predictions.observed.learner_id[learners].astype(str)
    order = np.lexsort((ids, *-values.T[::-1]))
    features = [catalogue.features[place] for place in places]
    return [
        replace(
            _entry(predictions, int(learners[i])),
            risk=None,
            low=None,
            high=None,
            reasons="; ".join(features[k].say(float(values[i, k])) for k in np.flatnonzero(asks[i])),
            doubt=_doubt_words(predictions.doubt[learners[i]].item()),
        )
        for i in order
        if asks[i].any()
    ]


def _doubt_words(doubt: Doubt) -> str:
    return f"no risk is said, as {DOUBT_WORDS[doubt]}"


def _entry(predictions: Predictions, i: int) -> Entry:
    seen = predictions.observed
    return Entry(
        rank=0,
        course_id=str(seen.course_id[i]),
        learner_id=str(seen.learner_id[i]),
        as_of=seen.as_of[i].item().isoformat(),
        risk=round(float(predictions.risk[i]), 4),
        low=round(float(predictions.low[i]), 4),
        high=round(float(predictions.high[i]), 4),
        band=str(predictions.band[i]),
        reasons=_words(predictions.reasons[i]),
        outlook="; ".join(next_thing.words for next_thing in predictions.outlook[i]),
    )


def _words(reasons: Sequence[Reason]) -> str:
    """The reasons that raise the risk, the weightiest first of those that can be changed and then of the others."""
    raising = [reason for reason in reasons if reason.effect > 0]
    return "; ".join(reason.words for reason in sorted(raising, key=lambda reason: not reason.changeable))


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
