"""What a model must reach before it is registered."""

from functools import cache

from earlybell.bundle import Evaluation
from earlybell.bundle.figures import HONEST_SPLITS, MetricRow
from earlybell.extensions import find_extensions
from earlybell.gates.gate import Gate
from earlybell.gates.verdict import Finding, Gates, Verdict

CUTOFF = 0.4  # where gates look: early enough to help, late enough to know something


@cache
def find_gates() -> dict[str, Gate]:
    """Every gate by the name of its metric, our own first.

    Raises:
        SettingError: as `find_extensions`.
    """
    return find_extensions("gates", Gate, "earlybell.gates")


def judge(evaluation: Evaluation, gates: Gates, waived: str = "") -> Verdict:
    """The verdict on the chosen model in a split without the learner's own rows in training.

    Args:
        gates: the bounds that settings say.
        waived: the reason for which a missed gate does not count; empty: it does.

    Raises:
        SettingError: as `find_extensions`.
    """
    split = evaluation.split if evaluation.split in HONEST_SPLITS else ""
    findings = (_finding(gate, _figure(gate, evaluation) if split else None, gates) for gate in find_gates().values())
    return Verdict(gates, CUTOFF, split, tuple(finding for finding in findings if finding), waived)


def _figure(gate: Gate, evaluation: Evaluation) -> MetricRow | None:
    if not gate.metric:
        return evaluation.figure(gate.name, CUTOFF)
    return evaluation.worst_run(gate.metric, CUTOFF, higher_is_better=gate.at_least)


def _finding(gate: Gate, figure: MetricRow | None, gates: Gates) -> Finding | None:
    """What the gate says of a figure; None where it does not apply."""
    bound = float(getattr(gates, gate.setting)) if gate.setting else gate.bound
    if not gate.applies(figure, bound):
        return None
    return Finding.of(gate.name, figure.value if figure else None, bound, at_least=gate.at_least)
