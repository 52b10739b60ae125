"""Gates: figures in, a frozen verdict out."""

from earlybell.gates.gates import Finding, Gates, Verdict, judge

__all__ = ["Finding", "Gates", "Verdict", "judge"]
