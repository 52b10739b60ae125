"""A gate: the bound that one figure of a model must reach."""

from collections.abc import Callable
from dataclasses import dataclass

from earlybell.bundle.figures import MetricRow


def where_measured(figure: MetricRow | None, bound: float) -> bool:
    """Of a gate that asks nothing of evaluations without its figure."""
    return figure is not None


@dataclass(frozen=True)
class Gate:
    """What is asked of one figure of the chosen model at 40% of a course run, in runs (else learners) left out.

    The figure is the mean over course runs, or that of the worst run.

    Attributes:
        name: of the metric, or of the gate where `metric` says another.
        bound: is enough itself; not read where a setting says it.
        at_least: whether the figure must reach the bound from below.
        setting: the name in `Gates` that says the bound; empty: none.
        metric: what the worst course run must reach; empty: the gate looks at the mean.
        applies: whether the figure is asked for at all; takes it (None: not measured there) and the bound.
        order: of our own ones, in the verdict.
    """

    name: str
    bound: float = 0.0
    at_least: bool = False
    setting: str = ""
    metric: str = ""
    applies: Callable[[MetricRow | None, float], bool] = lambda figure, bound: True
    order: int = 99
