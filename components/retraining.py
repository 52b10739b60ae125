"""The files by which the steps of a retraining meet: earlier trainings, the decision, and the proposal."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from components.basis import Basis
from earlybell.bundle.figures import Measured
from earlybell.errors import SettingError

Due = Literal["calendar", "performance"]
Refused = Literal["nothing due", "data broken", "same basis", "cool-down", "budget spent"]
Finding = Literal["better", "no clear difference", "worse", "not comparable"]
PERSON, AUTOMATIC = "person", "automatic"  # who approves a proposal


def check_approval(approval: str) -> None:
    """
    Raises:
        SettingError: nobody approves so.
    """
    if approval not in (PERSON, AUTOMATIC):
        raise SettingError("nobody approves so", approval, f"approval is {PERSON} or {AUTOMATIC}.")


class Trained(Struct, frozen=True):
    """An earlier training.

    Attributes:
        version: its number in the registry; empty where it missed a gate, or is not registered here.
        at: when, in UTC without a zone.
        basis: what it learned from and by.
    """

    version: str
    at: datetime
    basis: Basis = Basis()

    def __str__(self) -> str:
        return f"version {self.version}" if self.version else f"the training of {self.at:%Y-%m-%d}, which was not kept"


class Decision(Struct, frozen=True, kw_only=True):
    """Whether to train.

    Attributes:
        train: whether to.
        cause: why, or why not.
        sentence: the same for a person.
        warnings: what has shifted; that alone trains nothing.
        basis: what a training now would learn from and by.
        at: the moment of the decision, in UTC without a zone.
    """

    train: bool
    cause: Due | Refused
    sentence: str
    warnings: tuple[str, ...] = ()
    basis: Basis
    at: datetime


class Change(Struct, frozen=True):
    """Something in which the candidate was made otherwise than the champion, in words."""

    what: str
    before: str
    after: str


class Compared(Struct, frozen=True, kw_only=True):
    """A figure of champion and candidate on the same learners, with 95% intervals of the same resamples.

    Attributes:
        group: `all`, a course run, or a group as `gender=F`.
        cutoff: share of the course run.
        difference: candidate less champion.
        suppressed: too few learners, or another group of the attribute has too few: then there is no figure.
    """

    group: str
    cutoff: float
    metric: str
    champion: Measured = Measured()
    candidate: Measured = Measured()
    difference: Measured = Measured()
    learners: int = 0
    suppressed: bool = False


class BandMove(Struct, frozen=True):
    """The share of learners whose band would be another; None: fewer than ten of them."""

    before: str
    after: str
    share: float | None


class Comparison(Struct, frozen=True, kw_only=True):
    """Champion and candidate on the same recent learners.

    Attributes:
        course_runs: of these learners.
        seen: the champion has learned from them, so that its figures are too good. The candidate never has: its figures
            are of models that left out the course run, or the learner.
        left_out: what those models left out: `course_run` or `learner`.
        learners: how many.
        at: the share of the course run at which bands, course runs and groups are compared.
        rows: the figures.
        moves: of bands, with the share of learners for whom nothing changes first.
        finding: by the interval of the Brier score's difference at `at`.
    """

    course_runs: tuple[str, ...] = ()
    seen: bool = False
    left_out: str = ""
    learners: int = 0
    at: float
    rows: tuple[Compared, ...] = ()
    moves: tuple[BandMove, ...] = ()
    finding: Finding = "not comparable"


class Proposal(Struct, frozen=True, kw_only=True):
    """What a person decides on.

    Attributes:
        decision: why it was trained.
        champion: the version that it would take the place of.
        champion_digest, candidate_digest: of the bundles.
        changes: in data, settings and features.
    """

    decision: Decision
    champion: str
    champion_digest: str
    candidate_digest: str
    changes: tuple[Change, ...] = ()
    comparison: Comparison

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        comparison = self.comparison
        brier = next(
            (row for row in comparison.rows if (row.group, row.cutoff, row.metric) == ("all", comparison.at, "brier")),
            None,
        )
        if comparison.finding == "not comparable" or brier is None or brier.difference.value is None:
            return f"The candidate cannot be compared with version {self.champion}."
        low, high = brier.difference.low, brier.difference.high
        between = f" ({low:+.4f} to {high:+.4f})" if low is not None and high is not None else ""
        seen = ", which it has learned from" if comparison.seen else ""
        words = {"better": "better than", "worse": "worse than"}.get(comparison.finding, "not clearly other than")
        return (
            f"The candidate is {words} version {self.champion}{seen}: its Brier score differs by "
            f"{brier.difference.value:+.4f}{between} at {comparison.at:.0%} of the course run; less is better."
        )
