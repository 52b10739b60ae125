"""Gates: figures in, a frozen verdict out, which is sealed into the bundle."""

from earlybell.gates.gate import Gate
from earlybell.gates.gates import CUTOFF, find_gates, judge
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
    "Gate",
    "Gates",
    "Verdict",
    "check_reason",
    "find_gates",
    "in_words",
    "judge",
    "read_verdict",
    "require_verdict",
    "write_verdict",
]
