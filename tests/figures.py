"""Figures that a test knows to be measured."""

from earlybell.bundle.figures import Measured, MetricRow


def value_of(figure: Measured | MetricRow) -> float:
    assert figure.value is not None
    return figure.value


def ends_of(figure: Measured | MetricRow) -> tuple[float, float]:
    assert figure.low is not None
    assert figure.high is not None
    return figure.low, figure.high
