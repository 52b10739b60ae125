"""Gates: figures in, a frozen verdict out, which is sealed into the bundle."""

from earlybell.gates.gates import CUTOFF, judge
from earlybell.gates.verdict import (
    Finding,
    Gates,
    Verdict,
    check_reason,
    in_words,
    read_verdict,
    require_verdict,
    write_verdict,
)

__all__ = [
    "CUTOFF",
    "Finding",
    "Gates",
    "Verdict",
    "check_reason",
    "in_words",
    "judge",
    "read_verdict",
    "require_verdict",
    "write_verdict",
]
