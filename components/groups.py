"""Which rows of a look are of each group of learners, where none that is too small can be computed from the others."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def of_shown(groups: Mapping[str, Mask], rows: Ints, least: int) -> dict[str, Ints]:
    """The rows of each group; none of any group of an attribute that has one of fewer than `least` learners.

    Who is of no known group counts as one. Else the figures of all less those of the others would be its own.

    Args:
        groups: which rows of the source are of each, by name as `gender=F`: the attribute is what stands before `=`.
        rows: those of a look.
    """
    sizes: dict[str, list[int]] = {}
    for group, members in groups.items():
        sizes.setdefault(_attribute(group), []).append(int(members[rows].sum()))
    hidden = {
        name for name, parts in sizes.items() if any(0 < size < least for size in (*parts, len(rows) - sum(parts)))
    }
    nobody = np.empty(0, dtype=np.int64)
    return {group: nobody if _attribute(group) in hidden else rows[members[rows]] for group, members in groups.items()}


def _attribute(group: str) -> str:
    return group.partition("=")[0]
