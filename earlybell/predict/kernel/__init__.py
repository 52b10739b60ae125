"""A bundle's SQL, planned by DuckDB and run over NumPy arrays: for one learner in a quarter of the time of DuckDB.

DuckDB takes some tenths of a millisecond for each of a hundred operators, whatever the rows. NumPy takes microseconds.
So DuckDB plans the SQL once, with every name bound and every type told, and what runs the plan here is small: a
vocabulary of functions and operators, each as DuckDB means it (tests compare them).

The SQL stays the truth. A plan with a word that is not in the vocabulary is `NotUnderstoodError`. Values that are
unusual (beyond a type, a division by zero), and rows whose order the SQL leaves open where it matters, are
`UnusualError`. Then DuckDB runs the SQL.
"""

from earlybell.predict.kernel.columns import Column, NotUnderstoodError, UnusualError
from earlybell.predict.kernel.kernel import Kernel

__all__ = ["Column", "Kernel", "NotUnderstoodError", "UnusualError"]
