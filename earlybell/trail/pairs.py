"""Two trails whose records carry the same request ids, compared learner by learner: a champion's and a challenger's."""

import statistics
from collections import Counter
from dataclasses import dataclass

from earlybell.trail.records import Record, read_records

MOST = 10  # differences kept
_Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Difference:
    """One learner of one request, as both predicted."""

    request_id: str
    course_id: str
    learner_id: str
    champion_risk: float
    challenger_risk: float
    champion_band: str
    challenger_band: str

    @property
    def size(self) -> float:
        return abs(self.challenger_risk - self.champion_risk)


@dataclass(frozen=True)
class Pairs:
    """How two trails compare.

    Attributes:
        pairs: learners of requests that both answered.
        only_champion, only_challenger: those that are missing in the other.
        band_agreement: share of the pairs with the same band; None without pairs.
        correlation: Pearson's, of risk; None where it is not defined.
        mean_difference: mean absolute difference of risk; None where no pair has two numbers.
        largest: the pairs that differ most, the most first.
    """

    pairs: int
    only_champion: int
    only_challenger: int
    band_agreement: float | None
    correlation: float | None
    mean_difference: float | None
    largest: tuple[Difference, ...]


def compare(champion: str, challenger: str) -> Pairs:
    """Compare the trails at two addresses. A request that names a learner twice is paired in its order.

    Raises:
        TrailError: a trail cannot be read.
    """
    first, second = _by_key(champion), _by_key(challenger)
    both = [(first[key], second[key]) for key in first if key in second]
    differences = [_difference(*pair) for pair in both if None not in (pair[0].risk, pair[1].risk)]
    return Pairs(
        len(both),
        len(first) - len(both),
        len(second) - len(both),
        statistics.fmean(pair[0].band == pair[1].band for pair in both) if both else None,
        _correlation(differences),
        statistics.fmean(difference.size for difference in differences) if differences else None,
        tuple(sorted(differences, key=lambda difference: -difference.size)[:MOST]),
    )


def _by_key(address: str) -> dict[_Key, Record]:
    seen, records = Counter[tuple[str, str, str]](), dict[_Key, Record]()
    for record in read_records(address):
        key = record.request_id, record.course_id, record.learner_id
        records[(*key, seen[key])] = record
        seen[key] += 1
    return records


def _difference(champion: Record, challenger: Record) -> Difference:
    same = champion.request_id, champion.course_id, champion.learner_id
    return Difference(*same, float(champion.risk or 0), float(challenger.risk or 0), champion.band, challenger.band)


def _correlation(differences: list[Difference]) -> float | None:
    try:
        return statistics.correlation(
            [difference.champion_risk for difference in differences],
            [difference.challenger_risk for difference in differences],
        )
    except statistics.StatisticsError:  # fewer than two, or all the same
        return None
