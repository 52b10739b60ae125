"""Gates: figures in, a frozen verdict out."""

from earlybell.gates.gates import CUTOFF, Finding, Gates, Verdict, judge

__all__ = ["CUTOFF", "Finding", "Gates", "Verdict", "judge"]
