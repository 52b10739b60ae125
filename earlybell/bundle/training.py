"""training.json: what is known of a candidate from its training."""

from msgspec import Struct


class Training(Struct, frozen=True, kw_only=True):
    """A candidate as it was trained.

    Attributes:
        name, title, remarks: of the candidate.
        complexity: orders candidates, the simplest first.
        baseline: whether a site could do as much without a model.
        settings: those of the estimator that are not its library's defaults.
        rows, learners: that it was fitted on.
        missing: the share of rows without a value, of each feature that lacks any.
        folds: those that have a model of their own, and `final`.
        skipped: folds without one, as their training rows have one label only.
    """

    name: str
    title: str = ""
    remarks: str | None = None
    complexity: int = 0
    baseline: bool = False
    settings: dict[str, int | float | str] = {}
    seed: int | None = None
    rows: int = 0
    learners: int = 0
    missing: dict[str, float] = {}
    folds: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
